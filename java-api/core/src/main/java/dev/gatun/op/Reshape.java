package dev.gatun.op;

import dev.gatun.ffi.Kernels;
import dev.gatun.tensor.Shape;
import java.util.List;

/// The same elements in the same order under another shape; a copy.
public record Reshape(Shape shape) implements Op {
  @Override
  public Outputs shapes(List<Spec> inputs) {
    Require.count(this, inputs, 1);
    var x = inputs.getFirst();
    Require.that(
        x.shape().count() == shape.count(), this, "%s does not fit into %s", x.shape(), shape);
    return Outputs.of(x.with(shape));
  }

  @Override
  public void forward(Frame f) {
    f.kernels().copy(f.stream(), f.out(0), f.in(0), f.input(0).bytes());
  }

  @Override
  public void tangent(Frame f, Frame t) {
    Tangents.linear(this, f, t);
  }

  @Override
  public Op pullback() {
    return new ReshapePullback();
  }

  @Override
  public Reads reads() {
    return Reads.of(0);
  }
}

/// (x, dy) -> dx; of x only the shape is used.
record ReshapePullback() implements Op {
  @Override
  public Outputs shapes(List<Spec> inputs) {
    return Outputs.of(inputs.getFirst());
  }

  @Override
  public void forward(Frame f) {
    long count = f.shape(0).count();
    f.kernels()
        .reducePullback(
            f.stream(), f.out(0), f.in(1), count, 1, 1, Kernels.SUM, f.fresh(), f.dtype());
  }

  @Override
  public void tangent(Frame f, Frame t) {
    Tangents.linearPullback(this, f, t, 1);
  }
}
