package dev.gatun.op;

import dev.gatun.tensor.Shape;
import java.util.List;

/// c = a b over the last two axes; further axes are batches and must be equal. A transposed
/// argument is stored with its last two axes swapped.
public record MatMul(boolean transposeA, boolean transposeB) implements Op {
  public MatMul() {
    this(false, false);
  }

  /// The product (batch, rows, inner) by (batch, inner, cols).
  record Sizes(long batch, long rows, long cols, long inner) {
    static Sizes of(Op op, Shape a, Shape b, boolean transposeA, boolean transposeB) {
      Require.that(a.rank() >= 2 && a.rank() == b.rank(), op, "cannot multiply %s by %s", a, b);
      for (int i = 0; i < a.rank() - 2; i++) {
        Require.that(a.size(i) == b.size(i), op, "batches of %s and %s differ", a, b);
      }
      long inner = a.size(transposeA ? -2 : -1);
      Require.that(
          inner == b.size(transposeB ? -1 : -2),
          op,
          "%s%s times %s%s: the inner sizes differ",
          a,
          transposeA ? " transposed" : "",
          b,
          transposeB ? " transposed" : "");
      return new Sizes(
          a.outer(-2), a.size(transposeA ? -1 : -2), b.size(transposeB ? -2 : -1), inner);
    }
  }

  int transposed() {
    return (transposeA ? 1 : 0) | (transposeB ? 2 : 0);
  }

  @Override
  public Outputs shapes(List<Spec> inputs) {
    Require.count(this, inputs, 2);
    Require.oneType(this, inputs, 0, 1);
    var a = inputs.get(0).shape();
    var s = Sizes.of(this, a, inputs.get(1).shape(), transposeA, transposeB);
    return Outputs.of(inputs.getFirst().with(a.with(-2, s.rows()).with(-1, s.cols())));
  }

  @Override
  public void forward(Frame f) {
    var s = Sizes.of(this, f.shape(0), f.shape(1), transposeA, transposeB);
    f.kernels()
        .matmulForward(
            f.stream(),
            f.out(0),
            f.in(0),
            f.in(1),
            s.batch(),
            s.rows(),
            s.cols(),
            s.inner(),
            transposed(),
            f.dtype());
  }

  @Override
  public void tangent(Frame f, Frame t) {
    var c = shapes(f.inputs()).values().getFirst();
    forward(f.with(0, Tangents.orZeros(f, t, 0)).into(t, 0, 0));
    if (t.in(1) == null) return;
    var other = t.scratch(c);
    forward(f.with(1, t.in(1)).into(other));
    t.add(t.out(0), other, c);
  }

  @Override
  public Op pullback() {
    return new MatMulPullback(this);
  }

  @Override
  public Reads reads() {
    return Reads.of(0, 1);
  }
}

/// (a, b, dc) -> da, db, each stored as its argument is.
record MatMulPullback(MatMul product) implements Op {
  @Override
  public Outputs shapes(List<Spec> inputs) {
    return Outputs.of(inputs.get(0), inputs.get(1));
  }

  @Override
  public void forward(Frame f) {
    var s =
        MatMul.Sizes.of(this, f.shape(0), f.shape(1), product.transposeA(), product.transposeB());
    f.kernels()
        .matmulPullback(
            f.stream(),
            f.out(0),
            f.out(1),
            f.in(2),
            f.in(0),
            f.in(1),
            s.batch(),
            s.rows(),
            s.cols(),
            s.inner(),
            product.transposed(),
            f.fresh(),
            f.dtype());
  }

  @Override
  public void tangent(Frame f, Frame t) {
    Tangents.multilinear(
        this,
        f,
        t,
        this::forward,
        new Tangents.Slot(2, 0, 1),
        new Tangents.Slot(0, 1),
        new Tangents.Slot(1, 0));
  }
}
