package dev.gatun.op;

import java.util.List;

/// a followed by b along `axis`.
public record Concatenate(int axis) implements Op {
  @Override
  public Outputs shapes(List<Spec> inputs) {
    Require.count(this, inputs, 2);
    Require.oneType(this, inputs, 0, 1);
    var a = inputs.get(0).shape();
    var b = inputs.get(1).shape();
    Require.axis(this, a, axis);
    Require.that(
        a.rank() == b.rank() && a.with(axis, b.size(axis)).equals(b),
        this,
        "shapes %s and %s differ beside axis %d",
        a,
        b,
        axis);
    return Outputs.of(inputs.getFirst().with(a.with(axis, a.size(axis) + b.size(axis))));
  }

  @Override
  public void forward(Frame f) {
    var a = f.shape(0);
    f.kernels()
        .concatenateForward(
            f.stream(),
            f.out(0),
            f.in(0),
            f.in(1),
            a.outer(axis),
            a.size(axis),
            f.shape(1).size(axis),
            a.inner(axis),
            f.dtype());
  }

  @Override
  public void tangent(Frame f, Frame t) {
    Tangents.linear(this, f, t);
  }

  @Override
  public Op pullback() {
    return new ConcatenatePullback(axis);
  }

  @Override
  public Reads reads() {
    return Reads.of(0, 1);
  }
}

/// (a, b, dy) -> da, db; of a and b only the shapes are used.
record ConcatenatePullback(int axis) implements Op {
  @Override
  public Outputs shapes(List<Spec> inputs) {
    return Outputs.of(inputs.get(0), inputs.get(1));
  }

  @Override
  public void forward(Frame f) {
    var a = f.shape(0);
    f.kernels()
        .concatenatePullback(
            f.stream(),
            f.out(0),
            f.out(1),
            f.in(2),
            a.outer(axis),
            a.size(axis),
            f.shape(1).size(axis),
            a.inner(axis),
            f.fresh(),
            f.dtype());
  }

  @Override
  public void tangent(Frame f, Frame t) {
    Tangents.linearPullback(this, f, t, 2);
  }
}
