package dev.gatun.op;

import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import java.util.List;

/// The mean cross-entropy of logits (…, stride), of whose last axis the first `vocabulary` count,
/// with I32 targets (…); negative targets are left out. A wide scalar; lse and the count of targets
/// that counted are saved.
public record SoftmaxCrossEntropy(long vocabulary) implements Op {
  @Override
  public Outputs shapes(List<Spec> inputs) {
    Require.count(this, inputs, 2);
    Require.oneType(this, inputs, 0);
    Require.indices(this, inputs, 1);
    var logits = inputs.get(0);
    var targets = inputs.get(1).shape();
    Require.that(
        logits.shape().rank() >= 1 && targets.count() == logits.shape().rows(),
        this,
        "logits are %s but targets are %s",
        logits.shape(),
        targets);
    Require.that(
        0 < vocabulary && vocabulary <= logits.shape().cols(),
        this,
        "logits are %s; they cannot hold a vocabulary of %d",
        logits.shape(),
        vocabulary);
    return Outputs.of(logits.wide())
        .saving(logits.wide(targets.count()), new Spec(Shape.SCALAR, DType.I64));
  }

  @Override
  public void forward(Frame f) {
    f.kernels()
        .softmaxCrossEntropyForward(
            f.stream(),
            f.out(0),
            f.out(1),
            f.out(2),
            f.in(0),
            f.in(1),
            f.shape(0).rows(),
            vocabulary,
            f.shape(0).cols(),
            f.dtype());
  }

  @Override
  public void tangent(Frame f, Frame t) {
    f.kernels()
        .softmaxCrossEntropyTangent(
            f.stream(),
            t.out(0),
            f.in(0),
            Tangents.orZeros(f, t, 0),
            f.in(1),
            f.out(1),
            f.out(2),
            f.shape(0).rows(),
            vocabulary,
            f.shape(0).cols(),
            f.dtype());
  }

  @Override
  public boolean mayMissTangent(int saved) {
    return true;
  }

  @Override
  public Op pullback() {
    return new SoftmaxCrossEntropyPullback(vocabulary);
  }

  @Override
  public Reads reads() {
    return Reads.of(0, 1).saved(0, 1);
  }
}

/// (logits, targets, lse, counted, dloss) -> dlogits.
record SoftmaxCrossEntropyPullback(long vocabulary) implements Op {
  @Override
  public Outputs shapes(List<Spec> inputs) {
    return Outputs.of(inputs.getFirst());
  }

  @Override
  public void forward(Frame f) {
    f.kernels()
        .softmaxCrossEntropyPullback(
            f.stream(),
            f.out(0),
            f.in(4),
            f.in(0),
            f.in(1),
            f.in(2),
            f.in(3),
            f.shape(0).rows(),
            vocabulary,
            f.shape(0).cols(),
            f.fresh(),
            f.dtype());
  }

  @Override
  public void tangent(Frame f, Frame t) {
    f.kernels()
        .softmaxCrossEntropyPullbackTangent(
            f.stream(),
            t.out(0),
            f.in(4),
            t.in(4),
            f.in(0),
            t.in(0),
            f.in(1),
            f.in(2),
            f.in(3),
            f.shape(0).rows(),
            vocabulary,
            f.shape(0).cols(),
            t.fresh(),
            f.dtype());
  }

  /// A gradient by logits is linear in all but the logits, so that its tangent is the loss's own.
  @Override
  public void gaussNewton(Frame f, Frame t) {
    tangent(f, t.with(4, null));
  }
}
