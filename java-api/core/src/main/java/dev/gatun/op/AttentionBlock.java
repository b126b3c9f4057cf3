package dev.gatun.op;

import java.util.List;

/// y = x + attention(norm(x) weightIn + biasIn) weightOut + biasOut, the first half of a
/// transformer's block, in one call. Inputs x (B, T, C), the norm's weight (C), weightIn (C,
/// 3 C), weightOut (C, C) and, if `bias`, the norm's bias (C), biasIn (3 C), biasOut (C); the
/// product with weightIn is what [Attention] takes. With `documents` their I32 bounds are the
/// last input, as there.
public record AttentionBlock(
    long heads, double scale, double eps, boolean bias, boolean causal, boolean documents)
    implements Op {
  /// Over sequences that are one document each.
  public AttentionBlock(long heads, double scale, double eps, boolean bias, boolean causal) {
    this(heads, scale, eps, bias, causal, false);
  }

  @Override
  public Outputs shapes(List<Spec> inputs) {
    Require.count(this, inputs, bounds() + (documents ? 1 : 0));
    Require.oneType(this, inputs, 0, 2, 3);
    Require.rank(this, inputs, 0, 3);
    Require.rank(this, inputs, 2, 2);
    Require.rank(this, inputs, 3, 2);
    var x = inputs.get(0);
    long cols = x.shape().cols();
    Require.that(
        heads > 0 && cols > 0 && cols % heads == 0,
        this,
        "x is %s; its width must be a multiple of %d heads",
        x.shape(),
        heads);
    Mlp.requireMatrix(this, inputs.get(2), cols, 3 * cols);
    Mlp.requireMatrix(this, inputs.get(3), cols, cols);
    Linear.requireVector(this, x, inputs.get(1), cols);
    if (bias) {
      Linear.requireVector(this, x, inputs.get(4), cols);
      Linear.requireVector(this, x, inputs.get(5), 3 * cols);
      Linear.requireVector(this, x, inputs.get(6), cols);
    }
    if (documents) Attention.requireBounds(this, inputs, bounds());
    var statistic = x.wide(x.shape().rows());
    var qkv = x.with(x.shape().with(-1, 3 * cols));
    return Outputs.of(x)
        .saving(
            x, statistic, statistic, qkv, x, x.wide(x.shape().size(0), heads, x.shape().size(1)));
  }

  /// Which input they are.
  private int bounds() {
    return bias ? 7 : 4;
  }

  @Override
  public void forward(Frame f) {
    var x = f.shape(0);
    f.kernels()
        .attentionBlockForward(
            f.stream(),
            f.out(0),
            f.out(1),
            f.out(2),
            f.out(3),
            f.out(4),
            f.out(5),
            f.out(6),
            f.in(0),
            f.in(1),
            f.in(2),
            f.in(3),
            bias ? f.in(4) : null,
            bias ? f.in(5) : null,
            bias ? f.in(6) : null,
            documents ? f.in(bounds()) : null,
            x.size(0),
            x.size(1),
            heads,
            x.size(2) / heads,
            documents ? f.shape(bounds()).size(0) - 1 : 0,
            eps,
            scale,
            causal ? 1 : 0,
            f.dtype());
  }

  @Override
  public void tangent(Frame f, Frame t) {
    var parts = new Composition(f, t);
    var x = f.input(0);
    var statistic = x.wide(x.shape().rows());
    var normed = parts.out(1, x);
    var qkv = parts.out(4, x.with(x.shape().with(-1, 3 * x.shape().cols())));
    var mixed = parts.out(5, x);
    var lse = parts.out(6, x.wide(x.shape().size(0), heads, x.shape().size(1)));
    parts.tangent(
        new LayerNorm(eps, bias),
        Mlp.biased(bias, parts, 4, parts.in(0), parts.in(1)),
        List.of(normed, parts.out(2, statistic), parts.out(3, statistic)));
    parts.tangent(new Linear(bias), Mlp.biased(bias, parts, 5, normed, parts.in(2)), List.of(qkv));
    parts.tangent(
        new Attention(heads, scale, causal, documents),
        Composition.with(documents, documents ? parts.in(bounds()) : null, qkv),
        List.of(mixed, lse));
    parts.tangent(
        new Linear(bias), Mlp.biased(bias, parts, 6, mixed, parts.in(3)), List.of(parts.out(0, x)));
    if (t.in(0) != null) t.add(t.out(0), t.in(0), x);
  }

  @Override
  public Op pullback() {
    return new AttentionBlockPullback(this);
  }

  @Override
  public Reads reads() {
    var reads = documents ? Reads.of(0, 1, 2, 3, bounds()) : Reads.of(0, 1, 2, 3);
    return reads.saved(0, 1, 2, 3, 4, 5);
  }
}

/// (x, norm weight, weightIn, weightOut, [bounds,] normed, mean, rstd, qkv, mixed, lse, dy)
/// -> the gradients of the floating-point inputs, in their order.
record AttentionBlockPullback(AttentionBlock block) implements Op {
  @Override
  public Outputs shapes(List<Spec> inputs) {
    return MlpPullback.gradients(inputs, block.bias());
  }

  @Override
  public void forward(Frame f) {
    var x = f.shape(0);
    long heads = block.heads();
    boolean bias = block.bias();
    boolean documents = block.documents();
    int saved = documents ? 5 : 4;
    var dtype = f.input(0).dtype();
    f.kernels()
        .attentionBlockPullback(
            f.stream(),
            f.scratch(x.rows() * heads, dtype.wide()),
            f.scratch(3 * x.count(), dtype),
            f.scratch(x.count(), dtype),
            f.out(0),
            f.out(1),
            f.out(2),
            f.out(3),
            bias ? f.out(4) : null,
            bias ? f.out(5) : null,
            bias ? f.out(6) : null,
            f.in(saved + 6),
            f.in(0),
            f.in(saved),
            f.in(saved + 1),
            f.in(saved + 2),
            f.in(saved + 3),
            f.in(saved + 4),
            f.in(saved + 5),
            f.in(1),
            f.in(2),
            f.in(3),
            documents ? f.in(4) : null,
            x.size(0),
            x.size(1),
            heads,
            x.size(2) / heads,
            documents ? f.shape(4).size(0) - 1 : 0,
            block.scale(),
            block.causal() ? 1 : 0,
            f.fresh(),
            f.dtype());
  }

  @Override
  public void tangent(Frame f, Frame t) {
    var parts = new Composition(f, t);
    boolean bias = block.bias();
    boolean documents = block.documents();
    int saved = documents ? 5 : 4;
    var normed = parts.in(saved);
    var qkv = parts.in(saved + 3);
    var mixed = parts.in(saved + 4);
    var lse = parts.in(saved + 5);
    var dmixed = parts.scratch(f.input(saved + 4));
    var dqkv = parts.scratch(f.input(saved + 3));
    var dnormed = parts.scratch(f.input(saved));
    var product = new LinearPullback(bias, Linear.Activation.NONE);
    parts.pullback(
        product,
        List.of(mixed, parts.in(3), parts.in(saved + 6)),
        Composition.with(bias, parts.gradient(6), dmixed, parts.gradient(3)));
    parts.pullback(
        new AttentionPullback(
            new Attention(block.heads(), block.scale(), block.causal(), documents)),
        documents
            ? List.of(qkv, parts.in(4), mixed, lse, dmixed)
            : List.of(qkv, mixed, lse, dmixed),
        List.of(dqkv));
    parts.pullback(
        product,
        List.of(normed, parts.in(2), dqkv),
        Composition.with(bias, parts.gradient(5), dnormed, parts.gradient(2)));
    parts.pullback(
        new LayerNormPullback(bias),
        List.of(parts.in(0), parts.in(1), parts.in(saved + 1), parts.in(saved + 2), dnormed),
        Composition.with(bias, parts.gradient(4), parts.gradient(0), parts.gradient(1)));
    if (t.wants(0) && t.in(saved + 6) != null) t.add(t.out(0), t.in(saved + 6), f.input(0));
  }
}
