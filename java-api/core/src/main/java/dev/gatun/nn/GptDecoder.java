package dev.gatun.nn;

import dev.gatun.InvalidArgument;
import dev.gatun.memory.Scope;
import dev.gatun.op.LayerNorm;
import dev.gatun.op.Linear;
import dev.gatun.op.MatMul;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/// Runs a [Gpt] one token at a time over a cache of keys and values, so that a new token costs one
/// row and not a whole context. One sequence; the cache lives in a scope of the caller's.
public final class GptDecoder {
  private final Gpt gpt;
  private final GptConfig config;
  private final List<Tensor> keys = new ArrayList<>();
  private final List<Tensor> values = new ArrayList<>();
  private int position;

  /// A decoder with an empty cache for the model's whole context.
  public GptDecoder(Gpt gpt, Scope scope) {
    this.gpt = gpt;
    this.config = gpt.config();
    var shape = Shape.of(config.heads(), config.context(), config.width() / config.heads());
    for (int layer = 0; layer < config.layers(); layer++) {
      keys.add(Tensor.zeros(scope, gpt.parameters().dtype(), shape));
      values.add(Tensor.zeros(scope, gpt.parameters().dtype(), shape));
    }
  }

  /// Tokens read so far.
  public int position() {
    return position;
  }

  /// Forgets all tokens.
  public void restart() {
    position = 0;
  }

  /// Reads one token and returns the logits of the next, one a vocabulary entry. Throws when the
  /// model's context is full.
  public float[] next(int token) {
    if (position == config.context()) {
      throw new InvalidArgument("the model's context of %d tokens is full".formatted(position));
    }
    try (var scope = gpt.device().scope()) {
      var logits =
          logits(
              scope,
              Tensor.of(scope, Shape.of(1, 1), token),
              Tensor.of(scope, Shape.of(1), position));
      position++;
      var all = logits.toDoubles();
      var wanted = new float[config.vocabulary()];
      for (int i = 0; i < wanted.length; i++) wanted[i] = (float) all[i];
      return wanted;
    }
  }

  private Tensor logits(Scope scope, Tensor token, Tensor at) {
    var stream = embed(scope, token, at);
    var normed =
        Gpt.one(
            new LayerNorm(config.eps(), config.bias()),
            gpt.arguments(Names.inBlock(0, "ln_1"), stream));
    for (int layer = 0; layer < config.layers(); layer++) {
      var mixed = attend(scope, layer, normed, at);
      var projected =
          gpt.linear(Names.inBlock(layer, "attn.c_proj"), mixed, Linear.Activation.NONE);
      var middle = gpt.addAndNorm(stream, projected, Names.inBlock(layer, "ln_2"));
      var wide =
          gpt.linear(Names.inBlock(layer, "mlp.c_fc"), middle.normed(), Linear.Activation.GELU);
      var narrow = gpt.linear(Names.inBlock(layer, "mlp.c_proj"), wide, Linear.Activation.NONE);
      var end = gpt.addAndNorm(middle.stream(), narrow, gpt.normBehind(layer));
      stream = end.stream();
      normed = end.normed();
    }
    var row = normed.reshape(1, config.width());
    return Gpt.one(new MatMul(false, true), row, gpt.head());
  }

  private Tensor embed(Scope scope, Tensor token, Tensor at) {
    var dtype = gpt.parameters().dtype();
    var y = Tensor.uninitialized(scope, dtype, Shape.of(1, 1, config.width()));
    gpt.device()
        .kernels()
        .embeddingForward(
            gpt.device().stream().handle(),
            y.data(),
            gpt.parameters().get(Names.TOKENS).data(),
            gpt.parameters().get(Names.POSITIONS).data(),
            token.data(),
            at.data(),
            1,
            1,
            config.width(),
            config.vocabulary(),
            config.context(),
            dtype.code());
    return y;
  }

  private Tensor attend(Scope scope, int layer, Tensor normed, Tensor at) {
    var qkv = gpt.linear(Names.inBlock(layer, "attn.c_attn"), normed, Linear.Activation.NONE);
    var y = Tensor.uninitialized(scope, qkv.dtype(), Shape.of(1, 1, config.width()));
    gpt.device()
        .kernels()
        .attentionDecode(
            gpt.device().stream().handle(),
            y.data(),
            keys.get(layer).data(),
            values.get(layer).data(),
            qkv.data(),
            at.data(),
            1,
            config.heads(),
            config.context(),
            config.width() / config.heads(),
            config.attentionScale(layer),
            qkv.dtype().code());
    return y;
  }
}
