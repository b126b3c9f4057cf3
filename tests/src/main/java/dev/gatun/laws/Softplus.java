package dev.gatun.laws;

import dev.gatun.ShapeMismatch;
import dev.gatun.ffi.Kernels;
import dev.gatun.op.CustomOp;
import dev.gatun.op.Frame;
import dev.gatun.op.Op;
import dev.gatun.op.Outputs;
import dev.gatun.op.Reads;
import dev.gatun.op.Spec;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// y = log(1 + e^x), an op as an embedder would write it: out of existing kernels.
public final class Softplus extends CustomOp {
  @Override
  public Outputs shapes(List<Spec> inputs) {
    if (inputs.size() != 1 || !inputs.getFirst().dtype().isFloating()) {
      throw new ShapeMismatch("softplus: takes one floating-point tensor, got " + inputs);
    }
    return Outputs.of(inputs.getFirst());
  }

  @Override
  public void forward(Frame f) {
    long n = f.shape(0).count();
    var scratch = f.scratch(n, f.input(0).dtype());
    unary(f, scratch, f.in(0), n, 0, Kernels.EXP);
    unary(f, f.out(0), scratch, n, 1, Kernels.SHIFT);
    unary(f, scratch, f.out(0), n, 0, Kernels.LOG);
    unary(f, f.out(0), scratch, n, 1, Kernels.SCALE);
  }

  /// ty = tx * sigmoid(x).
  @Override
  public void tangent(Frame f, Frame t) {
    long n = f.shape(0).count();
    var sigmoid = sigmoid(f, n);
    var moved = t.in(0) == null ? f.scratch(n, f.input(0).dtype()) : t.in(0);
    if (t.in(0) == null) f.kernels().fill(f.stream(), moved, n, 0, f.dtype());
    addProduct(f, t.out(0), moved, sigmoid, n, -1);
  }

  private static MemorySegment sigmoid(Frame f, long n) {
    var sigmoid = f.scratch(n, f.input(0).dtype());
    unary(f, sigmoid, f.in(0), n, 0, Kernels.SIGMOID);
    return sigmoid;
  }

  /// y = or += a b, element by element.
  private static void addProduct(
      Frame f, MemorySegment y, MemorySegment a, MemorySegment b, long n, int fresh) {
    f.kernels()
        .binaryPullback(f.stream(), y, null, a, b, b, 1, n, 1, Kernels.MULTIPLY, fresh, f.dtype());
  }

  private static void unary(
      Frame f, MemorySegment y, MemorySegment x, long n, double alpha, int kind) {
    f.kernels().unaryForward(f.stream(), y, x, n, alpha, kind, f.dtype());
  }

  static Definition definition() {
    return (s, _, x) -> {
      var y = new int[x[0].length];
      for (int i = 0; i < y.length; i++) {
        y[i] = s.log(s.stored(s.shifted(s.stored(s.exp(x[0][i])), 1)));
      }
      return new int[][] {y};
    };
  }

  @Override
  public Op pullback() {
    return new SoftplusPullback();
  }

  @Override
  public Reads reads() {
    return Reads.of(0);
  }

  @Override
  public String toString() {
    return "Softplus[]";
  }

  /// (x, dy) -> dx = dy * sigmoid(x).
  private static final class SoftplusPullback extends CustomOp {
    @Override
    public Outputs shapes(List<Spec> inputs) {
      return Outputs.of(inputs.getFirst());
    }

    @Override
    public void forward(Frame f) {
      long n = f.shape(0).count();
      addProduct(f, f.out(0), f.in(1), sigmoid(f, n), n, f.fresh());
    }

    /// tdx = tdy * sigmoid(x) + dy * sigmoid'(x) * tx.
    @Override
    public void tangent(Frame f, Frame t) {
      long n = f.shape(0).count();
      var slope = f.scratch(n, f.input(0).dtype());
      if (t.in(0) == null) f.kernels().fill(f.stream(), slope, n, 0, f.dtype());
      else {
        f.kernels()
            .unaryPullback(
                f.stream(), slope, t.in(0), f.in(0), n, 0, Kernels.SIGMOID, -1, f.dtype());
      }
      addProduct(f, t.out(0), f.in(1), slope, n, t.fresh());
      if (t.in(1) != null) addProduct(f, t.out(0), t.in(1), sigmoid(f, n), n, 0);
    }
  }
}
