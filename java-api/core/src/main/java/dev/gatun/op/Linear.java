package dev.gatun.op;

import dev.gatun.ffi.Kernels;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// y = activation(x weight + bias): x (…, in), weight (in, out), bias (out) if `bias`.
public record Linear(boolean bias, Activation activation) implements Op {
  /// What follows the product.
  public enum Activation {
    NONE(Kernels.NO_ACTIVATION),
    GELU(Kernels.GELU_ACTIVATION);

    final int code;

    Activation(int code) {
      this.code = code;
    }
  }

  public Linear(boolean bias) {
    this(bias, Activation.NONE);
  }

  @Override
  public Outputs shapes(List<Spec> inputs) {
    Require.count(this, inputs, bias ? 3 : 2);
    Require.oneType(this, inputs, 0, 1);
    Require.rank(this, inputs, 1, 2);
    var x = inputs.get(0).shape();
    var weight = inputs.get(1).shape();
    Require.that(
        x.rank() >= 1 && x.size(-1) == weight.size(0), this, "x is %s but weight is %s", x, weight);
    if (bias) requireVector(this, inputs.get(0), inputs.get(2), weight.size(1));
    var y = inputs.get(0).with(x.with(-1, weight.size(1)));
    return activation == Activation.NONE ? Outputs.of(y) : Outputs.of(y).keeping(y);
  }

  static void requireVector(Op op, Spec x, Spec vector, long size) {
    Require.that(
        vector.equals(x.wide(size)),
        op,
        "beside %s a vector of %d %s is needed, got %s",
        x.shape(),
        size,
        x.dtype().wide(),
        vector);
  }

  @Override
  public void forward(Frame f) {
    f.kernels()
        .linearForward(
            f.stream(),
            f.out(0),
            activation == Activation.NONE ? null : f.out(1),
            f.in(0),
            f.in(1),
            bias ? f.in(2) : null,
            f.shape(0).rows(),
            f.shape(1).size(0),
            f.shape(1).size(1),
            activation.code,
            f.dtype());
  }

  @Override
  public void tangent(Frame f, Frame t) {
    boolean activated = activation != Activation.NONE;
    var product = activated ? t.out(1) : t.out(0);
    long rows = f.shape(0).rows();
    long in = f.shape(1).size(0);
    long out = f.shape(1).size(1);
    f.kernels()
        .linearForward(
            f.stream(),
            product,
            null,
            Tangents.orZeros(f, t, 0),
            f.in(1),
            bias ? t.in(2) : null,
            rows,
            in,
            out,
            Activation.NONE.code,
            f.dtype());
    if (t.in(1) != null) addProduct(f, product, f.in(0), t.in(1), rows, in, out);
    if (activated) {
      f.kernels()
          .unaryPullback(
              f.stream(), t.out(0), product, f.out(1), rows * out, 0, Kernels.GELU, -1, f.dtype());
    }
  }

  /// y += x weight: the pullback of another product, that of y with the weight transposed.
  private static void addProduct(
      Frame f,
      MemorySegment y,
      MemorySegment x,
      MemorySegment weight,
      long rows,
      long in,
      long out) {
    int secondTransposed = 2;
    f.kernels()
        .matmulPullback(
            f.stream(), y, null, x, y, weight, 1, rows, in, out, secondTransposed, 0, f.dtype());
  }

  @Override
  public Op pullback() {
    return new LinearPullback(bias, activation);
  }

  @Override
  public Reads reads() {
    var reads = Reads.of(0, 1);
    return activation == Activation.NONE ? reads : reads.saved(0);
  }
}

/// (x, weight, [pre,] dy) -> dx, dweight[, dbias].
record LinearPullback(boolean bias, Linear.Activation activation) implements Op {
  @Override
  public Outputs shapes(List<Spec> inputs) {
    var x = inputs.get(0);
    var weight = inputs.get(1);
    var dweight = new Spec(weight.shape(), weight.dtype().wide());
    return bias ? Outputs.of(x, dweight, x.wide(weight.shape().size(1))) : Outputs.of(x, dweight);
  }

  @Override
  public void forward(Frame f) {
    boolean activated = activation != Linear.Activation.NONE;
    long rows = f.shape(0).rows();
    long out = f.shape(1).size(1);
    f.kernels()
        .linearPullback(
            f.stream(),
            activated ? f.scratch(rows * out, f.input(0).dtype()) : null,
            f.out(0),
            f.out(1),
            bias ? f.out(2) : null,
            activated ? f.in(3) : f.in(2),
            f.in(0),
            f.in(1),
            activated ? f.in(2) : null,
            null,
            rows,
            f.shape(1).size(0),
            out,
            activation.code,
            f.fresh(),
            f.dtype());
  }

  @Override
  public void tangent(Frame f, Frame t) {
    if (activation == Linear.Activation.NONE) {
      Tangents.multilinear(
          this,
          f,
          t,
          this::forward,
          bias ? new Tangents.Slot(2, 0, 1, 2) : new Tangents.Slot(2, 0, 1),
          new Tangents.Slot(0, 1),
          new Tangents.Slot(1, 0));
      return;
    }
    var y = f.input(3);
    var dpre = t.scratch(y);
    var tdpre = t.scratch(y);
    long count = y.shape().count();
    f.kernels()
        .unaryPullback(f.stream(), dpre, f.in(3), f.in(2), count, 0, Kernels.GELU, -1, f.dtype());
    f.kernels()
        .unaryPullbackTangent(
            f.stream(),
            tdpre,
            f.in(3),
            t.in(3),
            f.in(2),
            t.in(2),
            count,
            0,
            Kernels.GELU,
            -1,
            f.dtype());
    new LinearPullback(bias, Linear.Activation.NONE)
        .tangent(f.endingWith(2, dpre), t.endingWith(2, tdpre));
  }
}
