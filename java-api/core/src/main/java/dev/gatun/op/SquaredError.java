package dev.gatun.op;

import java.util.List;

/// The mean over all elements of (prediction - target) squared: a wide scalar.
public record SquaredError() implements Op {
  @Override
  public Outputs shapes(List<Spec> inputs) {
    Require.count(this, inputs, 2);
    Require.oneType(this, inputs, 0, 1);
    Require.same(this, inputs.get(0), inputs.get(1));
    Require.that(inputs.get(0).shape().count() > 0, this, "there is nothing to compare");
    return Outputs.of(inputs.getFirst().wide());
  }

  @Override
  public void forward(Frame f) {
    f.kernels()
        .squaredErrorForward(f.stream(), f.out(0), f.in(0), f.in(1), f.shape(0).count(), f.dtype());
  }

  @Override
  public void tangent(Frame f, Frame t) {
    f.kernels()
        .squaredErrorTangent(
            f.stream(),
            t.out(0),
            f.in(0),
            t.in(0),
            f.in(1),
            t.in(1),
            f.shape(0).count(),
            f.dtype());
  }

  @Override
  public Op pullback() {
    return new SquaredErrorPullback();
  }

  @Override
  public Reads reads() {
    return Reads.of(0, 1);
  }
}

/// (prediction, target, dloss) -> dprediction, dtarget.
record SquaredErrorPullback() implements Op {
  @Override
  public Outputs shapes(List<Spec> inputs) {
    return Outputs.of(inputs.get(0), inputs.get(1));
  }

  @Override
  public void forward(Frame f) {
    f.kernels()
        .squaredErrorPullback(
            f.stream(),
            f.out(0),
            f.out(1),
            f.in(2),
            f.in(0),
            f.in(1),
            f.shape(0).count(),
            f.fresh(),
            f.dtype());
  }

  /// Linear in dloss, and in prediction and target together.
  @Override
  public void tangent(Frame f, Frame t) {
    int fresh = t.fresh();
    if (t.in(2) != null) {
      forward(f.with(2, t.in(2)).into(t, fresh, 0, 1));
      fresh = 0;
    }
    var moved = f.with(0, Tangents.orZeros(f, t, 0)).with(1, Tangents.orZeros(f, t, 1));
    forward(moved.into(t, fresh, 0, 1));
  }

  /// Its gradient is linear in prediction and target, so that its tangent is the loss's own.
  @Override
  public void gaussNewton(Frame f, Frame t) {
    tangent(f, t.with(2, null));
  }
}
