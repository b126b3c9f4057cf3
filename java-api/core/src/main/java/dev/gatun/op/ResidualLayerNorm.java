package dev.gatun.op;

import java.util.List;

/// sum = x + residual; y = the layer norm of sum. Inputs x, residual, weight and, if `bias`, bias;
/// values sum, y.
public record ResidualLayerNorm(double eps, boolean bias) implements Op {
  @Override
  public Outputs shapes(List<Spec> inputs) {
    Require.count(this, inputs, bias ? 4 : 3);
    Require.oneType(this, inputs, 0, 1);
    Require.same(this, inputs.get(0), inputs.get(1));
    var x = inputs.get(0);
    Require.that(x.shape().rank() >= 1 && x.shape().cols() > 0, this, "x is %s", x.shape());
    for (int i = 2; i < inputs.size(); i++) {
      Linear.requireVector(this, x, inputs.get(i), x.shape().cols());
    }
    var statistic = x.wide(x.shape().rows());
    return Outputs.of(x, x).saving(statistic, statistic);
  }

  @Override
  public void forward(Frame f) {
    f.kernels()
        .residualLayernormForward(
            f.stream(),
            f.out(0),
            f.out(1),
            f.out(2),
            f.out(3),
            f.in(0),
            f.in(1),
            f.in(2),
            bias ? f.in(3) : null,
            f.shape(0).rows(),
            f.shape(0).cols(),
            eps,
            f.dtype());
  }

  @Override
  public void tangent(Frame f, Frame t) {
    var x = f.input(0);
    long count = x.shape().count();
    var tsum = t.out(0);
    if (t.in(0) == null && t.in(1) == null) {
      t.zero(tsum, x);
    } else if (t.in(0) == null || t.in(1) == null) {
      f.kernels().copy(f.stream(), tsum, t.in(0) != null ? t.in(0) : t.in(1), x.bytes());
    } else {
      f.kernels()
          .binaryForward(
              f.stream(), tsum, t.in(0), t.in(1), 1, count, 1, Binary.Kind.ADD.code, f.dtype());
    }
    f.kernels()
        .layernormTangent(
            f.stream(),
            t.out(1),
            t.out(2),
            t.out(3),
            f.out(0),
            tsum,
            f.in(2),
            t.in(2),
            bias ? t.in(3) : null,
            f.out(2),
            f.out(3),
            x.shape().rows(),
            x.shape().cols(),
            f.dtype());
  }

  @Override
  public Op pullback() {
    return new ResidualLayerNormPullback(bias);
  }

  @Override
  public Reads reads() {
    return Reads.of(2).values(0).saved(0, 1);
  }

  @Override
  public boolean mayMissCotangent(int value) {
    return value == 0;
  }
}

/// (weight, sum, mean, rstd, dsum, dy) -> dx, dresidual, dweight[, dbias]; dsum may be null.
record ResidualLayerNormPullback(boolean bias) implements Op {
  @Override
  public Outputs shapes(List<Spec> inputs) {
    var weight = inputs.get(0);
    var sum = inputs.get(1);
    return bias ? Outputs.of(sum, sum, weight, weight) : Outputs.of(sum, sum, weight);
  }

  @Override
  public void forward(Frame f) {
    f.kernels()
        .residualLayernormPullback(
            f.stream(),
            f.out(0),
            f.out(1),
            f.out(2),
            bias ? f.out(3) : null,
            f.in(4),
            f.in(5),
            f.in(1),
            f.in(0),
            f.in(2),
            f.in(3),
            f.shape(1).rows(),
            f.shape(1).cols(),
            f.fresh(),
            f.input(1).dtype().code());
  }

  @Override
  public void tangent(Frame f, Frame t) {
    f.kernels()
        .layernormPullbackTangent(
            f.stream(),
            t.out(0),
            t.out(1),
            t.out(2),
            bias ? t.out(3) : null,
            t.in(4),
            f.in(5),
            t.in(5),
            f.in(1),
            t.in(1),
            f.in(0),
            t.in(0),
            f.in(2),
            t.in(2),
            f.in(3),
            t.in(3),
            f.shape(1).rows(),
            f.shape(1).cols(),
            t.fresh(),
            f.input(1).dtype().code());
  }
}
