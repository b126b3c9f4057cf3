package dev.gatun.nn;

import dev.gatun.memory.Device;
import dev.gatun.memory.Scope;
import dev.gatun.op.Attention;
import dev.gatun.op.AttentionBlock;
import dev.gatun.op.Embedding;
import dev.gatun.op.HeadLoss;
import dev.gatun.op.LayerNorm;
import dev.gatun.op.Linear;
import dev.gatun.op.MatMul;
import dev.gatun.op.Mlp;
import dev.gatun.op.Op;
import dev.gatun.op.ResidualLayerNorm;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/// A GPT-2: pre-norm blocks, learned positions, GELU in its tanh form, the head tied to the token
/// embedding or untied. Parameters are named as in Hugging Face's checkpoints and stored as there:
/// linear weights (in, out), the head like the embedding, (vocabulary, C).
///
/// The residual stream and its next norm go hand in hand: each block takes the normed stream, and
/// each addition to the stream is fused with the norm that follows it.
public final class Gpt {
  private static final double INITIAL_DEVIATION = 0.02;

  private final GptConfig config;
  private final Parameters parameters;
  private final Recompute recompute;

  private Gpt(GptConfig config, Parameters parameters, Recompute recompute) {
    this.config = config;
    this.parameters = parameters;
    this.recompute = recompute;
  }

  /// A network whose weights are all zero, to be filled, in memory of `scope`.
  public static Gpt blank(GptConfig config, Scope scope, DType dtype) {
    return blank(config, scope, dtype, Rounding.NEAREST);
  }

  /// The same; `rounding` is of account in bf16 alone.
  public static Gpt blank(GptConfig config, Scope scope, DType dtype, Rounding rounding) {
    return new Gpt(config, declare(config).allocate(scope, dtype, rounding), Recompute.NONE);
  }

  /// GPT-2's initialisation: matrices and embeddings normal with deviation 0.02, the two
  /// projections into the residual stream of each block divided by sqrt(2 layers), norms 1, biases
  /// 0. The same numbers for a seed on every backend.
  public static Gpt create(GptConfig config, Scope scope, DType dtype, long seed) {
    return create(config, scope, dtype, Rounding.NEAREST, seed);
  }

  /// The same; `rounding` is of account in bf16 alone.
  public static Gpt create(
      GptConfig config, Scope scope, DType dtype, Rounding rounding, long seed) {
    var gpt = blank(config, scope, dtype, rounding);
    gpt.initialise(seed);
    return gpt;
  }

  /// The same network, with the same parameters, of which tapes hold less: a property of how one
  /// trains it, which no checkpoint has.
  public Gpt withRecompute(Recompute recompute) {
    return new Gpt(config, parameters, recompute);
  }

  static Parameters.Declarations declare(GptConfig config) {
    var parameters = Parameters.declare();
    long c = config.width();
    parameters.plain(Names.TOKENS, config.paddedVocabulary(), c).padded(config.vocabulary());
    parameters.plain(Names.POSITIONS, config.context(), c);
    for (int layer = 0; layer < config.layers(); layer++) {
      norm(parameters, config, Names.inBlock(layer, "ln_1"));
      linear(parameters, config, Names.inBlock(layer, "attn.c_attn"), c, 3 * c);
      linear(parameters, config, Names.inBlock(layer, "attn.c_proj"), c, c);
      norm(parameters, config, Names.inBlock(layer, "ln_2"));
      linear(parameters, config, Names.inBlock(layer, "mlp.c_fc"), c, config.feedForward());
      linear(parameters, config, Names.inBlock(layer, "mlp.c_proj"), config.feedForward(), c);
    }
    norm(parameters, config, Names.LAST_NORM);
    if (!config.tied()) {
      parameters.matrix(Names.HEAD, config.paddedVocabulary(), c).padded(config.vocabulary());
    }
    return parameters;
  }

  private static void norm(Parameters.Declarations parameters, GptConfig config, String name) {
    parameters.plain(Names.weight(name), config.width());
    if (config.bias()) parameters.plain(Names.bias(name), config.width());
  }

  private static void linear(
      Parameters.Declarations parameters, GptConfig config, String name, long in, long out) {
    parameters.matrix(Names.weight(name), in, out);
    if (config.bias()) parameters.plain(Names.bias(name), out);
  }

  private void initialise(long seed) {
    double residual = INITIAL_DEVIATION / Math.sqrt(2.0 * config.layers());
    int sequence = 0;
    for (var name : parameters.names()) {
      if (name.endsWith(".bias")) continue;
      if (name.contains("ln_")) fill(name, 1);
      else
        normal(
            name, name.endsWith("c_proj.weight") ? residual : INITIAL_DEVIATION, seed, sequence++);
    }
    parameters.round();
  }

  private void fill(String name, double value) {
    var tensor = parameters.master(name);
    device()
        .kernels()
        .fill(stream(), tensor.data(), tensor.shape().count(), value, tensor.dtype().code());
  }

  /// The padding rows of the token embedding and the head stay zero.
  private void normal(String name, double deviation, long seed, long sequence) {
    var tensor = parameters.master(name);
    long count = storedRows(name) * tensor.shape().size(1);
    try (var scope = device().scope();
        var arena = Arena.ofConfined()) {
      var key = scope.longs(2);
      scope.copyToDevice(key, arena.allocateFrom(ValueLayout.JAVA_LONG, seed, sequence));
      device()
          .kernels()
          .randomNormal(
              stream(), tensor.data(), key, 0, count, 0, deviation, tensor.dtype().code());
    }
  }

  private MemorySegment stream() {
    return device().stream().handle();
  }

  public GptConfig config() {
    return config;
  }

  public Parameters parameters() {
    return parameters;
  }

  public Device device() {
    return parameters.device();
  }

  /// Rows of a parameter that belong to the model: those of the token embedding and the head
  /// without padding.
  public long storedRows(String name) {
    boolean padded = name.equals(Names.TOKENS) || name.equals(Names.HEAD);
    return padded ? config.vocabulary() : parameters.get(name).shape().size(0);
  }

  /// The mean cross-entropy, in nats, of `targets` (B, T) given `tokens` (B, T), both I32; negative
  /// targets are left out. The logits never exist whole.
  public Tensor loss(Tensor tokens, Tensor targets) {
    return one(new HeadLoss(config.vocabulary()), hidden(tokens), head(), targets);
  }

  /// The logits (B, T, padded vocabulary) for `tokens` (B, T); those behind the vocabulary mean
  /// nothing.
  public Tensor logits(Tensor tokens) {
    var hidden = hidden(tokens);
    var rows = hidden.reshape(hidden.shape().rows(), config.width());
    return one(new MatMul(false, true), rows, head())
        .reshape(tokens.shape().size(0), tokens.shape().size(1), config.paddedVocabulary());
  }

  /// What the last norm's output is multiplied with, (padded vocabulary, C).
  Tensor head() {
    return parameters.get(config.tied() ? Names.TOKENS : Names.HEAD);
  }

  /// The last norm's output, (B, T, C).
  private Tensor hidden(Tensor tokens) {
    var stream =
        one(
            new Embedding(config.vocabulary()),
            parameters.get(Names.TOKENS),
            parameters.get(Names.POSITIONS),
            tokens);
    var normed =
        one(
            new LayerNorm(config.eps(), config.bias()),
            arguments(Names.inBlock(0, "ln_1"), stream));
    var through = new Normed(stream, normed);
    for (int layer = 0; layer < config.layers(); layer++) through = block(layer, through);
    return through.normed();
  }

  private Normed block(int layer, Normed x) {
    return Normed.of(
        recompute.run(
            Recompute.BLOCK, in -> halves(layer, Normed.of(in)).both(), x.stream(), x.normed()));
  }

  private Normed halves(int layer, Normed x) {
    var between =
        addAndNorm(x.stream(), attention(layer, x.normed()), Names.inBlock(layer, "ln_2"));
    return addAndNorm(between.stream(), mlp(layer, between.normed()), normBehind(layer));
  }

  String normBehind(int layer) {
    return layer + 1 == config.layers() ? Names.LAST_NORM : Names.inBlock(layer + 1, "ln_1");
  }

  private Tensor attention(int layer, Tensor normed) {
    var qkv = linear(Names.inBlock(layer, "attn.c_attn"), normed, Linear.Activation.NONE);
    var mixed = one(new Attention(config.heads(), config.attentionScale(layer), true), qkv);
    return linear(Names.inBlock(layer, "attn.c_proj"), mixed, Linear.Activation.NONE);
  }

  private Tensor mlp(int layer, Tensor normed) {
    return recompute
        .run(Recompute.MLP, in -> List.of(products(layer, in.getFirst())), normed)
        .getFirst();
  }

  private Tensor products(int layer, Tensor normed) {
    var wide = linear(Names.inBlock(layer, "mlp.c_fc"), normed, Linear.Activation.GELU);
    return linear(Names.inBlock(layer, "mlp.c_proj"), wide, Linear.Activation.NONE);
  }

  /// The first half of a block by itself, in one call: `stream` (B, T, C) plus what attention
  /// in that layer makes of its norm. With `bounds` it keeps to documents, as
  /// [Tensor#attention] does; they may be null.
  public Tensor attentionBlock(int layer, Tensor stream, Tensor bounds) {
    var op =
        new AttentionBlock(
            config.heads(),
            config.attentionScale(layer),
            config.eps(),
            config.bias(),
            true,
            bounds != null);
    var inputs = half(stream, layer, "ln_1", "attn.c_attn", "attn.c_proj");
    if (bounds != null) inputs.add(bounds);
    return op.apply(inputs).getFirst();
  }

  /// The second half of a block by itself, in one call: `stream` plus what the MLP of that
  /// layer makes of its norm.
  public Tensor mlpBlock(int layer, Tensor stream) {
    var op = new Mlp(config.eps(), config.bias());
    return op.apply(half(stream, layer, "ln_2", "mlp.c_fc", "mlp.c_proj")).getFirst();
  }

  /// The stream, the weights of a norm and of two products, then their biases.
  private List<Tensor> half(Tensor stream, int layer, String... parts) {
    var all = new ArrayList<>(List.of(stream));
    for (var part : parts) all.add(parameters.get(Names.weight(Names.inBlock(layer, part))));
    if (!config.bias()) return all;
    for (var part : parts) all.add(parameters.get(Names.bias(Names.inBlock(layer, part))));
    return all;
  }

  /// The residual stream and its norm.
  record Normed(Tensor stream, Tensor normed) {
    static Normed of(List<Tensor> both) {
      return new Normed(both.get(0), both.get(1));
    }

    List<Tensor> both() {
      return List.of(stream, normed);
    }
  }

  Normed addAndNorm(Tensor stream, Tensor addition, String norm) {
    var op = new ResidualLayerNorm(config.eps(), config.bias());
    return Normed.of(op.apply(arguments(norm, stream, addition)));
  }

  Tensor linear(String name, Tensor x, Linear.Activation activation) {
    return one(new Linear(config.bias(), activation), arguments(name, x));
  }

  /// The tensors, then the layer's weight and bias.
  Tensor[] arguments(String layer, Tensor... tensors) {
    var all = new ArrayList<>(List.of(tensors));
    all.add(parameters.get(Names.weight(layer)));
    if (config.bias()) all.add(parameters.get(Names.bias(layer)));
    return all.toArray(Tensor[]::new);
  }

  static Tensor one(Op op, Tensor... inputs) {
    return op.apply(inputs).getFirst();
  }
}
