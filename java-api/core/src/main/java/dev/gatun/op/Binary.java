package dev.gatun.op;

import dev.gatun.ffi.Kernels;
import dev.gatun.tensor.Shape;
import java.util.List;

/// y = f(a, b), element by element. The second argument is broadcast: its shape equals the first's,
/// or is a suffix of it (a row), or has size 1 at all axes but a run of equal ones (a column), or
/// is a scalar.
public record Binary(Kind kind) implements Op {
  /// The functions; the reversed ones serve a first argument that is the smaller.
  public enum Kind {
    ADD(Kernels.ADD),
    SUBTRACT(Kernels.SUBTRACT),
    MULTIPLY(Kernels.MULTIPLY),
    DIVIDE(Kernels.DIVIDE),
    REVERSE_SUBTRACT(Kernels.REVERSE_SUBTRACT),
    REVERSE_DIVIDE(Kernels.REVERSE_DIVIDE);

    final int code;

    Kind(int code) {
      this.code = code;
    }
  }

  /// How the elements of b repeat over a: a is (outer, middle, inner) and b is (middle).
  record Broadcast(long outer, long middle, long inner) {
    static Broadcast of(Op op, Shape a, Shape b) {
      int behind = a.rank() - b.rank();
      Require.that(behind >= 0, op, "shape %s does not broadcast over %s", b, a);
      int first = 0;
      while (first < b.rank() && b.size(first) == 1) first++;
      int last = b.rank();
      while (last > first && b.size(last - 1) == 1) last--;
      for (int i = first; i < last; i++) {
        Require.that(
            b.size(i) == a.size(i + behind), op, "shape %s does not broadcast over %s", b, a);
      }
      long middle = b.count();
      long inner = 1;
      for (int i = last; i < b.rank(); i++) inner *= a.size(i + behind);
      return new Broadcast(middle * inner == 0 ? 0 : a.count() / (middle * inner), middle, inner);
    }
  }

  @Override
  public Outputs shapes(List<Spec> inputs) {
    Require.count(this, inputs, 2);
    Require.oneType(this, inputs, 0, 1);
    Broadcast.of(this, inputs.get(0).shape(), inputs.get(1).shape());
    return Outputs.of(inputs.getFirst());
  }

  @Override
  public void forward(Frame f) {
    var b = Broadcast.of(this, f.shape(0), f.shape(1));
    f.kernels()
        .binaryForward(
            f.stream(),
            f.out(0),
            f.in(0),
            f.in(1),
            b.outer(),
            b.middle(),
            b.inner(),
            kind.code,
            f.dtype());
  }

  @Override
  public void tangent(Frame f, Frame t) {
    new BinaryTangent(this, f, t).value();
  }

  @Override
  public Op pullback() {
    return new BinaryPullback(kind);
  }

  @Override
  public Reads reads() {
    return Reads.of(0, 1);
  }

  @Override
  public String name() {
    return kind.name().toLowerCase();
  }
}

/// (a, b, dy) -> da, db; db is summed over the axes b was broadcast along.
record BinaryPullback(Binary.Kind kind) implements Op {
  @Override
  public Outputs shapes(List<Spec> inputs) {
    return Outputs.of(inputs.get(0), inputs.get(1));
  }

  @Override
  public void forward(Frame f) {
    var b = Binary.Broadcast.of(this, f.shape(0), f.shape(1));
    f.kernels()
        .binaryPullback(
            f.stream(),
            f.out(0),
            f.out(1),
            f.in(2),
            f.in(0),
            f.in(1),
            b.outer(),
            b.middle(),
            b.inner(),
            kind.code,
            f.fresh(),
            f.dtype());
  }

  @Override
  public void tangent(Frame f, Frame t) {
    new BinaryTangent(new Binary(kind), f, t).gradients();
  }
}
