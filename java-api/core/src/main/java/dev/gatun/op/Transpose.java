package dev.gatun.op;

import java.util.List;

/// Swaps the last two axes.
public record Transpose() implements Op {
  @Override
  public Outputs shapes(List<Spec> inputs) {
    Require.count(this, inputs, 1);
    Require.oneType(this, inputs, 0);
    var x = inputs.getFirst().shape();
    Require.that(x.rank() >= 2, this, "shape %s has fewer than 2 axes", x);
    return Outputs.of(inputs.getFirst().with(x.with(-2, x.size(-1)).with(-1, x.size(-2))));
  }

  @Override
  public void forward(Frame f) {
    var x = f.shape(0);
    f.kernels()
        .transposeForward(
            f.stream(), f.out(0), f.in(0), x.outer(-2), x.size(-2), x.size(-1), f.dtype());
  }

  @Override
  public void tangent(Frame f, Frame t) {
    Tangents.linear(this, f, t);
  }

  @Override
  public Op pullback() {
    return new TransposePullback();
  }

  @Override
  public Reads reads() {
    return Reads.of(0);
  }
}

/// (x, dy) -> dx; of x only the shape is used.
record TransposePullback() implements Op {
  @Override
  public Outputs shapes(List<Spec> inputs) {
    return Outputs.of(inputs.getFirst());
  }

  @Override
  public void forward(Frame f) {
    var x = f.shape(0);
    f.kernels()
        .transposePullback(
            f.stream(),
            f.out(0),
            f.in(1),
            x.outer(-2),
            x.size(-2),
            x.size(-1),
            f.fresh(),
            f.dtype());
  }

  @Override
  public void tangent(Frame f, Frame t) {
    Tangents.linearPullback(this, f, t, 1);
  }
}
