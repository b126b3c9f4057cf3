package dev.gatun.op;

import java.util.List;

/// y = (x - mean(x)) * rstd(x) * weight + bias, row by row of the last axis; also yields mean and
/// rstd, which the pullback reads. Inputs x, weight and, if `bias`, bias.
public record LayerNorm(double eps, boolean bias) implements Op {
  @Override
  public Outputs shapes(List<Spec> inputs) {
    Require.count(this, inputs, bias ? 3 : 2);
    Require.oneType(this, inputs, 0);
    var x = inputs.get(0);
    Require.that(x.shape().rank() >= 1 && x.shape().cols() > 0, this, "x is %s", x.shape());
    for (int i = 1; i < inputs.size(); i++) {
      Linear.requireVector(this, x, inputs.get(i), x.shape().cols());
    }
    var statistic = x.wide(x.shape().rows());
    return Outputs.of(x).saving(statistic, statistic);
  }

  @Override
  public void forward(Frame f) {
    f.kernels()
        .layernormForward(
            f.stream(),
            f.out(0),
            f.out(1),
            f.out(2),
            f.in(0),
            f.in(1),
            bias ? f.in(2) : null,
            f.shape(0).rows(),
            f.shape(0).cols(),
            eps,
            f.dtype());
  }

  @Override
  public void tangent(Frame f, Frame t) {
    f.kernels()
        .layernormTangent(
            f.stream(),
            t.out(0),
            t.out(1),
            t.out(2),
            f.in(0),
            t.in(0),
            f.in(1),
            t.in(1),
            bias ? t.in(2) : null,
            f.out(1),
            f.out(2),
            f.shape(0).rows(),
            f.shape(0).cols(),
            f.dtype());
  }

  @Override
  public Op pullback() {
    return new LayerNormPullback(bias);
  }

  @Override
  public Reads reads() {
    return Reads.of(0, 1).saved(0, 1);
  }
}

/// (x, weight, mean, rstd, dy) -> dx, dweight[, dbias].
record LayerNormPullback(boolean bias) implements Op {
  @Override
  public Outputs shapes(List<Spec> inputs) {
    var weight = inputs.get(1);
    return bias ? Outputs.of(inputs.get(0), weight, weight) : Outputs.of(inputs.get(0), weight);
  }

  @Override
  public void forward(Frame f) {
    f.kernels()
        .layernormPullback(
            f.stream(),
            f.out(0),
            f.out(1),
            bias ? f.out(2) : null,
            f.in(4),
            f.in(0),
            f.in(1),
            f.in(2),
            f.in(3),
            f.shape(0).rows(),
            f.shape(0).cols(),
            f.fresh(),
            f.dtype());
  }

  @Override
  public void tangent(Frame f, Frame t) {
    f.kernels()
        .layernormPullbackTangent(
            f.stream(),
            t.out(0),
            null,
            t.out(1),
            bias ? t.out(2) : null,
            null,
            f.in(4),
            t.in(4),
            f.in(0),
            t.in(0),
            f.in(1),
            t.in(1),
            f.in(2),
            t.in(2),
            f.in(3),
            t.in(3),
            f.shape(0).rows(),
            f.shape(0).cols(),
            // The gradient of a residual lies between.
            t.fresh() & 1 | (t.fresh() & ~1) << 1,
            f.dtype());
  }
}
