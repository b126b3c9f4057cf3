package dev.gatun.op;

import java.util.List;

/// y = x + gelu(norm(x) weightIn + biasIn) weightOut + biasOut, the second half of a
/// transformer's block, in one call. Inputs x (…, C), the norm's weight (C), weightIn (C,
/// hidden), weightOut (hidden, C) and, if `bias`, the norm's bias (C), biasIn (hidden),
/// biasOut (C).
public record Mlp(double eps, boolean bias) implements Op {
  @Override
  public Outputs shapes(List<Spec> inputs) {
    Require.count(this, inputs, bias ? 7 : 4);
    Require.oneType(this, inputs, 0, 2, 3);
    Require.rank(this, inputs, 2, 2);
    Require.rank(this, inputs, 3, 2);
    var x = inputs.get(0);
    Require.that(x.shape().rank() >= 1 && x.shape().cols() > 0, this, "x is %s", x.shape());
    long cols = x.shape().cols();
    long hidden = inputs.get(2).shape().size(1);
    requireMatrix(this, inputs.get(2), cols, hidden);
    requireMatrix(this, inputs.get(3), hidden, cols);
    Linear.requireVector(this, x, inputs.get(1), cols);
    if (bias) {
      Linear.requireVector(this, x, inputs.get(4), cols);
      Linear.requireVector(this, x, inputs.get(5), hidden);
      Linear.requireVector(this, x, inputs.get(6), cols);
    }
    var statistic = x.wide(x.shape().rows());
    var wide = x.with(x.shape().with(-1, hidden));
    return Outputs.of(x).saving(x, statistic, statistic, wide).keeping(wide);
  }

  static void requireMatrix(Op op, Spec weight, long in, long out) {
    Require.that(
        weight.shape().size(0) == in && weight.shape().size(1) == out && in > 0 && out > 0,
        op,
        "a weight of (%d, %d) is needed, got %s",
        in,
        out,
        weight.shape());
  }

  @Override
  public void forward(Frame f) {
    f.kernels()
        .mlpForward(
            f.stream(),
            f.out(0),
            f.out(1),
            f.out(2),
            f.out(3),
            f.out(5),
            f.out(4),
            f.in(0),
            f.in(1),
            f.in(2),
            f.in(3),
            bias ? f.in(4) : null,
            bias ? f.in(5) : null,
            bias ? f.in(6) : null,
            f.shape(0).rows(),
            f.shape(0).cols(),
            f.shape(2).size(1),
            eps,
            f.dtype());
  }

  @Override
  public Op pullback() {
    return new MlpPullback(bias);
  }

  @Override
  public Reads reads() {
    return Reads.of(0, 1, 2, 3).saved(0, 1, 2, 3, 4);
  }
}

/// (x, norm weight, weightIn, weightOut, normed, mean, rstd, activated, pre, dy) -> the
/// gradients of the inputs, in their order.
record MlpPullback(boolean bias) implements Op {
  @Override
  public Outputs shapes(List<Spec> inputs) {
    return gradients(inputs, bias);
  }

  /// Of x, the norm's weight, two matrices and, if `bias`, a bias beside each of the last
  /// three.
  static Outputs gradients(List<Spec> inputs, boolean bias) {
    var x = inputs.get(0);
    var norm = inputs.get(1);
    var in = inputs.get(2).shape();
    var out = inputs.get(3).shape();
    var dtype = norm.dtype();
    return bias
        ? Outputs.of(
            x,
            norm,
            new Spec(in, dtype),
            new Spec(out, dtype),
            norm,
            x.wide(in.size(1)),
            x.wide(out.size(1)))
        : Outputs.of(x, norm, new Spec(in, dtype), new Spec(out, dtype));
  }

  @Override
  public void forward(Frame f) {
    var x = f.shape(0);
    long hidden = f.shape(2).size(1);
    var dtype = f.input(0).dtype();
    f.kernels()
        .mlpPullback(
            f.stream(),
            f.scratch(x.rows() * hidden, dtype),
            f.scratch(x.count(), dtype),
            f.out(0),
            f.out(1),
            f.out(2),
            f.out(3),
            bias ? f.out(4) : null,
            bias ? f.out(5) : null,
            bias ? f.out(6) : null,
            f.in(9),
            f.in(0),
            f.in(4),
            f.in(5),
            f.in(6),
            f.in(8),
            f.in(7),
            f.in(1),
            f.in(2),
            f.in(3),
            x.rows(),
            x.cols(),
            hidden,
            f.fresh(),
            f.dtype());
  }
}
