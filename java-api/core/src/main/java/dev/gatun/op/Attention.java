package dev.gatun.op;

import dev.gatun.tensor.Shape;
import java.util.List;

/// y = softmax(scale * q k^T) v, head by head, without a T x T matrix. Input: the (B, T, 3 * heads
/// * D) product of one linear layer, which holds q, k and v of all heads one behind the other;
/// value (B, T, heads * D); lse (B, heads, T) is saved.
public record Attention(long heads, double scale, boolean causal) implements Op {
  record Sizes(long batch, long context, long headSize) {
    static Sizes of(Shape qkv, long heads) {
      return new Sizes(qkv.size(0), qkv.size(1), qkv.size(2) / (3 * heads));
    }
  }

  @Override
  public Outputs shapes(List<Spec> inputs) {
    Require.count(this, inputs, 1);
    Require.oneType(this, inputs, 0);
    Require.rank(this, inputs, 0, 3);
    var qkv = inputs.getFirst();
    Require.that(
        heads > 0 && qkv.shape().size(2) % (3 * heads) == 0,
        this,
        "qkv is %s; its width must be 3 times a multiple of %d heads",
        qkv.shape(),
        heads);
    var s = Sizes.of(qkv.shape(), heads);
    return Outputs.of(qkv.with(Shape.of(s.batch(), s.context(), heads * s.headSize())))
        .saving(qkv.wide(s.batch(), heads, s.context()));
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
            s.batch(),
            s.context(),
            heads,
            s.headSize(),
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
    return Reads.of(0).values(0).saved(0);
  }
}

/// (qkv, y, lse, dy) -> dqkv.
record AttentionPullback(Attention attention) implements Op {
  @Override
  public Outputs shapes(List<Spec> inputs) {
    return Outputs.of(inputs.getFirst());
  }

  @Override
  public void forward(Frame f) {
    long heads = attention.heads();
    var s = Attention.Sizes.of(f.shape(0), heads);
    f.kernels()
        .attentionPullback(
            f.stream(),
            f.scratch(s.batch() * heads * s.context(), f.input(2).dtype()),
            f.out(0),
            f.in(3),
            f.in(0),
            f.in(1),
            f.in(2),
            s.batch(),
            s.context(),
            heads,
            s.headSize(),
            attention.scale(),
            attention.causal() ? 1 : 0,
            f.fresh(),
            f.dtype());
  }
}
