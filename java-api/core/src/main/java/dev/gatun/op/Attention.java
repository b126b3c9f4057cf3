package dev.gatun.op;

import dev.gatun.tensor.Shape;
import java.util.List;

/// y = softmax(scale * q k^T) v, head by head, without a T x T matrix. Input: the (B, T, 3 * heads
/// * D) product of one linear layer, which holds q, k and v of all heads one behind the other;
/// value (B, T, heads * D); lse (B, heads, T) is saved.
///
/// With `documents` a second input, the I32 bounds (documents + 1), ascends from 0 to B * T:
/// a position sees only those of its own document, from bounds[d] to before bounds[d + 1].
public record Attention(long heads, double scale, boolean causal, boolean documents) implements Op {
  /// Over sequences that are one document each.
  public Attention(long heads, double scale, boolean causal) {
    this(heads, scale, causal, false);
  }

  record Sizes(long batch, long context, long headSize) {
    static Sizes of(Shape qkv, long heads) {
      return new Sizes(qkv.size(0), qkv.size(1), qkv.size(2) / (3 * heads));
    }
  }

  @Override
  public Outputs shapes(List<Spec> inputs) {
    Require.count(this, inputs, documents ? 2 : 1);
    Require.oneType(this, inputs, 0);
    Require.rank(this, inputs, 0, 3);
    var qkv = inputs.getFirst();
    Require.that(
        heads > 0 && qkv.shape().size(2) % (3 * heads) == 0,
        this,
        "qkv is %s; its width must be 3 times a multiple of %d heads",
        qkv.shape(),
        heads);
    if (documents) requireBounds(this, inputs, 1);
    var s = Sizes.of(qkv.shape(), heads);
    return Outputs.of(qkv.with(Shape.of(s.batch(), s.context(), heads * s.headSize())))
        .saving(qkv.wide(s.batch(), heads, s.context()));
  }

  static void requireBounds(Op op, List<Spec> inputs, int which) {
    Require.rank(op, inputs, which, 1);
    Require.indices(op, inputs, which);
    var bounds = inputs.get(which).shape();
    Require.that(bounds.size(0) >= 2, op, "bounds %s enclose no document", bounds);
  }

  @Override
  public void forward(Frame f) {
    var s = Sizes.of(f.shape(0), heads);
    f.kernels()
        .attentionForward(
            f.stream(),
            f.out(0),
            f.out(1),
            f.in(0),
            documents ? f.in(1) : null,
            s.batch(),
            s.context(),
            heads,
            s.headSize(),
            documents ? f.shape(1).size(0) - 1 : 0,
            scale,
            causal ? 1 : 0,
            f.dtype());
  }

  @Override
  public void tangent(Frame f, Frame t) {
    var s = Sizes.of(f.shape(0), heads);
    long width = heads * s.headSize();
    long statistics = s.batch() * heads * s.context();
    var wide = f.input(0).dtype().wide();
    var ty =
        t.out(0) != null
            ? t.out(0)
            : t.scratch(s.batch() * s.context() * width, f.input(0).dtype());
    var tlse = t.out(1) != null ? t.out(1) : t.scratch(statistics, wide);
    if (t.in(0) == null) {
      f.kernels().fill(f.stream(), ty, s.batch() * s.context() * width, 0, f.dtype());
      f.kernels().fill(f.stream(), tlse, statistics, 0, wide.code());
      return;
    }
    f.kernels()
        .attentionTangent(
            f.stream(),
            ty,
            tlse,
            t.in(0),
            f.in(0),
            f.out(0),
            f.out(1),
            documents ? f.in(1) : null,
            s.batch(),
            s.context(),
            heads,
            s.headSize(),
            documents ? f.shape(1).size(0) - 1 : 0,
            scale,
            causal ? 1 : 0,
            f.dtype());
  }

  @Override
  public Op pullback() {
    return new AttentionPullback(this);
  }

  @Override
  public Reads reads() {
    return (documents ? Reads.of(0, 1) : Reads.of(0)).values(0).saved(0);
  }
}

/// (qkv, [bounds,] y, lse, dy) -> dqkv.
record AttentionPullback(Attention attention) implements Op {
  @Override
  public Outputs shapes(List<Spec> inputs) {
    return Outputs.of(inputs.getFirst());
  }

  @Override
  public void forward(Frame f) {
    long heads = attention.heads();
    boolean documents = attention.documents();
    int y = documents ? 2 : 1;
    var s = Attention.Sizes.of(f.shape(0), heads);
    f.kernels()
        .attentionPullback(
            f.stream(),
            f.scratch(s.batch() * heads * s.context(), f.input(y + 1).dtype()),
            f.out(0),
            f.in(y + 2),
            f.in(0),
            f.in(y),
            f.in(y + 1),
            documents ? f.in(1) : null,
            s.batch(),
            s.context(),
            heads,
            s.headSize(),
            documents ? f.shape(1).size(0) - 1 : 0,
            attention.scale(),
            attention.causal() ? 1 : 0,
            f.fresh(),
            f.dtype());
  }

  @Override
  public void tangent(Frame f, Frame t) {
    if (t.out(0) == null) return;
    long heads = attention.heads();
    boolean documents = attention.documents();
    int y = documents ? 2 : 1;
    var s = Attention.Sizes.of(f.shape(0), heads);
    long statistics = s.batch() * heads * s.context();
    var wide = f.input(y + 1).dtype();
    f.kernels()
        .attentionPullbackTangent(
            f.stream(),
            t.scratch(statistics, wide),
            t.scratch(statistics, wide),
            t.out(0),
            f.in(y + 2),
            t.in(y + 2),
            f.in(0),
            t.in(0),
            f.in(y),
            t.in(y),
            f.in(y + 1),
            t.in(y + 1),
            documents ? f.in(1) : null,
            s.batch(),
            s.context(),
            heads,
            s.headSize(),
            documents ? f.shape(1).size(0) - 1 : 0,
            attention.scale(),
            attention.causal() ? 1 : 0,
            t.fresh(),
            f.dtype());
  }
}
