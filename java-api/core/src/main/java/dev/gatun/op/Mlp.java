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
  public void tangent(Frame f, Frame t) {
    var parts = new Composition(f, t);
    var x = f.input(0);
    var statistic = x.wide(x.shape().rows());
    var wide = x.with(x.shape().with(-1, f.shape(2).size(1)));
    var normed = parts.out(1, x);
    var activated = parts.out(4, wide);
    parts.tangent(
        new LayerNorm(eps, bias),
        biased(bias, parts, 4, parts.in(0), parts.in(1)),
        List.of(normed, parts.out(2, statistic), parts.out(3, statistic)));
    parts.tangent(
        new Linear(bias, Linear.Activation.GELU),
        biased(bias, parts, 5, normed, parts.in(2)),
        List.of(activated, parts.out(5, wide)));
    parts.tangent(
        new Linear(bias), biased(bias, parts, 6, activated, parts.in(3)), List.of(parts.out(0, x)));
    if (t.in(0) != null) t.add(t.out(0), t.in(0), x);
  }

  /// Arguments of a part, with input `which` as its bias if there is one.
  static List<Composition.Dual> biased(
      boolean bias, Composition parts, int which, Composition.Dual... arguments) {
    return Composition.with(bias, bias ? parts.in(which) : null, arguments);
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

  @Override
  public void tangent(Frame f, Frame t) {
    var parts = new Composition(f, t);
    var dactivated = parts.scratch(f.input(7));
    var dnormed = parts.scratch(f.input(4));
    parts.pullback(
        new LinearPullback(bias, Linear.Activation.NONE),
        List.of(parts.in(7), parts.in(3), parts.in(9)),
        Composition.with(bias, parts.gradient(6), dactivated, parts.gradient(3)));
    parts.pullback(
        new LinearPullback(bias, Linear.Activation.GELU),
        List.of(parts.in(4), parts.in(2), parts.in(8), dactivated),
        Composition.with(bias, parts.gradient(5), dnormed, parts.gradient(2)));
    parts.pullback(
        new LayerNormPullback(bias),
        List.of(parts.in(0), parts.in(1), parts.in(5), parts.in(6), dnormed),
        Composition.with(bias, parts.gradient(4), parts.gradient(0), parts.gradient(1)));
    if (t.wants(0) && t.in(9) != null) t.add(t.out(0), t.in(9), f.input(0));
  }
}
