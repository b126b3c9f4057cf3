package dev.gatun.op;

import java.util.List;

/// The `count` entries of `axis` from `start` on.
public record Slice(int axis, long start, long count) implements Op {
  @Override
  public Outputs shapes(List<Spec> inputs) {
    Require.count(this, inputs, 1);
    Require.oneType(this, inputs, 0);
    var x = inputs.getFirst().shape();
    Require.axis(this, x, axis);
    Require.that(
        start >= 0 && count >= 0 && start + count <= x.size(axis),
        this,
        "entries %d to %d lie outside axis %d of %s",
        start,
        start + count - 1,
        axis,
        x);
    return Outputs.of(inputs.getFirst().with(x.with(axis, count)));
  }

  @Override
  public void forward(Frame f) {
    var x = f.shape(0);
    f.kernels()
        .sliceForward(
            f.stream(),
            f.out(0),
            f.in(0),
            x.outer(axis),
            x.size(axis),
            x.inner(axis),
            start,
            count,
            f.dtype());
  }

  @Override
  public void tangent(Frame f, Frame t) {
    Tangents.linear(this, f, t);
  }

  @Override
  public Op pullback() {
    return new SlicePullback(axis, start, count);
  }

  @Override
  public Reads reads() {
    return Reads.of(0);
  }
}

/// (x, dy) -> dx; of x only the shape is used.
record SlicePullback(int axis, long start, long count) implements Op {
  @Override
  public Outputs shapes(List<Spec> inputs) {
    return Outputs.of(inputs.getFirst());
  }

  @Override
  public void forward(Frame f) {
    var x = f.shape(0);
    f.kernels()
        .slicePullback(
            f.stream(),
            f.out(0),
            f.in(1),
            x.outer(axis),
            x.size(axis),
            x.inner(axis),
            start,
            count,
            f.fresh(),
            f.dtype());
  }

  @Override
  public void tangent(Frame f, Frame t) {
    Tangents.linearPullback(this, f, t, 1);
  }
}
