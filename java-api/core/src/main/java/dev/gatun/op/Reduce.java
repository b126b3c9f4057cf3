package dev.gatun.op;

import dev.gatun.ffi.Kernels;
import dev.gatun.tensor.Shape;
import java.util.List;

/// Sum or mean over one axis, which disappears, or over all of them ([#ALL]), which leaves a
/// scalar.
public record Reduce(Kind kind, int axis) implements Op {
  /// The axis that stands for all axes.
  public static final int ALL = Integer.MIN_VALUE;

  /// What is computed of the elements along the axis.
  public enum Kind {
    SUM(Kernels.SUM),
    MEAN(Kernels.MEAN);

    final int code;

    Kind(int code) {
      this.code = code;
    }
  }

  /// x as (outer, middle, inner), of which middle is reduced.
  record Along(long outer, long middle, long inner) {
    static Along of(Shape x, int axis) {
      return axis == ALL
          ? new Along(1, x.count(), 1)
          : new Along(x.outer(axis), x.size(axis), x.inner(axis));
    }
  }

  @Override
  public Outputs shapes(List<Spec> inputs) {
    Require.count(this, inputs, 1);
    Require.oneType(this, inputs, 0);
    var x = inputs.getFirst();
    if (axis != ALL) Require.axis(this, x.shape(), axis);
    return Outputs.of(x.with(axis == ALL ? Shape.SCALAR : x.shape().without(axis)));
  }

  @Override
  public void forward(Frame f) {
    var x = Along.of(f.shape(0), axis);
    f.kernels()
        .reduceForward(
            f.stream(), f.out(0), f.in(0), x.outer(), x.middle(), x.inner(), kind.code, f.dtype());
  }

  @Override
  public void tangent(Frame f, Frame t) {
    Tangents.linear(this, f, t);
  }

  @Override
  public Op pullback() {
    return new ReducePullback(kind, axis);
  }

  @Override
  public Reads reads() {
    return Reads.of(0);
  }

  @Override
  public String name() {
    return kind.name().toLowerCase();
  }
}

/// (x, dy) -> dx; of x only the shape is used.
record ReducePullback(Reduce.Kind kind, int axis) implements Op {
  @Override
  public Outputs shapes(List<Spec> inputs) {
    return Outputs.of(inputs.getFirst());
  }

  @Override
  public void forward(Frame f) {
    var x = Reduce.Along.of(f.shape(0), axis);
    f.kernels()
        .reducePullback(
            f.stream(),
            f.out(0),
            f.in(1),
            x.outer(),
            x.middle(),
            x.inner(),
            kind.code,
            f.fresh(),
            f.dtype());
  }

  @Override
  public void tangent(Frame f, Frame t) {
    Tangents.linearPullback(this, f, t, 1);
  }
}
