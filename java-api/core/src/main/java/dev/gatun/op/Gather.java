package dev.gatun.op;

import java.util.List;

/// Rows of a (rows, cols) table by their index: the result has the shape of the I32 indices with
/// cols behind.
public record Gather() implements Op {
  @Override
  public Outputs shapes(List<Spec> inputs) {
    Require.count(this, inputs, 2);
    Require.oneType(this, inputs, 0);
    Require.rank(this, inputs, 0, 2);
    Require.indices(this, inputs, 1);
    var table = inputs.get(0);
    return Outputs.of(table.with(inputs.get(1).shape().append(table.shape().size(1))));
  }

  @Override
  public void forward(Frame f) {
    f.kernels()
        .gatherForward(
            f.stream(),
            f.out(0),
            f.in(0),
            f.in(1),
            f.shape(1).count(),
            f.shape(0).size(1),
            f.shape(0).size(0),
            f.dtype());
  }

  @Override
  public void tangent(Frame f, Frame t) {
    Tangents.linear(this, f, t);
  }

  @Override
  public Op pullback() {
    return new GatherPullback();
  }

  @Override
  public Reads reads() {
    return Reads.of(0, 1);
  }
}

/// (table, indices, dy) -> dtable; of the table only the shape is used.
record GatherPullback() implements Op {
  @Override
  public Outputs shapes(List<Spec> inputs) {
    return Outputs.of(inputs.getFirst());
  }

  @Override
  public void forward(Frame f) {
    f.kernels()
        .gatherPullback(
            f.stream(),
            f.out(0),
            f.in(2),
            f.in(1),
            f.shape(1).count(),
            f.shape(0).size(1),
            f.shape(0).size(0),
            f.fresh(),
            f.dtype());
  }

  @Override
  public void tangent(Frame f, Frame t) {
    Tangents.linearPullback(this, f, t, 2);
  }
}
