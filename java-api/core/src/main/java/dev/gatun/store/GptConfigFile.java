package dev.gatun.store;

import dev.gatun.InvalidArgument;
import dev.gatun.nn.GptConfig;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/// Hugging Face's GPT-2 `config.json`, as far as it shapes the network. Sizes count elements.
///
/// Trap: Hugging Face's GPT-2 always has biases. A network without them keeps `gatun_bias: false`
/// here and must store zeros under the bias names for Hugging Face's sake.
///
/// @param vocabulary V, rows of the token embedding without padding
/// @param positions the longest context, rows of the position embedding
/// @param width C, a multiple of `heads`
/// @param feedForward F, channels inside the MLPs; 4 C where the file says none
/// @param epsilon added to the variance in every LayerNorm, positive
/// @param scaledByLayer attention scores of layer l (from 0) are also divided by l + 1
/// @param tied the head is the token embedding; else it has weights of its own
/// @param biased linear layers and norms have biases
public record GptConfigFile(
    int vocabulary,
    int positions,
    int width,
    int feedForward,
    int layers,
    int heads,
    double epsilon,
    boolean scaledByLayer,
    boolean tied,
    boolean biased) {
  /// The file's name in a model folder.
  public static final String NAME = "config.json";

  private static final int GPT2_VOCABULARY = 50257;
  private static final int GPT2_END_OF_TEXT = 50256;
  private static final List<String> GELU_BY_TANH = List.of("gelu_new", "gelu_pytorch_tanh");

  /// @throws InvalidArgument for a size that is not positive, a width not divisible by
  ///     heads
  public GptConfigFile {
    if (IntStream.of(vocabulary, positions, width, feedForward, layers, heads).min().orElse(0)
        < 1) {
      throw new InvalidArgument(
          "vocabulary %d, positions %d, width %d, MLPs of %d, layers %d and heads %d must be positive"
              .formatted(vocabulary, positions, width, feedForward, layers, heads));
    }
    if (width % heads != 0) {
      throw new InvalidArgument("width %d is not divisible by %d heads".formatted(width, heads));
    }
    if (!(epsilon > 0) || Double.isInfinite(epsilon)) {
      throw new InvalidArgument("epsilon " + epsilon + " must be positive and finite");
    }
  }

  /// Reads `folder`/config.json.
  ///
  /// @throws BadFile if it is missing, truncated, or describes a network that is not built here
  public static GptConfigFile read(Path folder) {
    var fields = Fields.read(folder.resolve(NAME));
    refuseOtherNetworks(fields);
    int width = fields.positive("n_embd");
    boolean onlyOldName = fields.has("n_ctx") && !fields.has("n_positions");
    try {
      return new GptConfigFile(
          fields.positive("vocab_size"),
          fields.positive(onlyOldName ? "n_ctx" : "n_positions"),
          width,
          fields.has("n_inner") ? fields.positive("n_inner") : Math.multiplyExact(4, width),
          fields.positive("n_layer"),
          fields.positive("n_head"),
          fields.number("layer_norm_epsilon", 1e-5),
          fields.flag("scale_attn_by_inverse_layer_idx", false),
          fields.flag("tie_word_embeddings", true),
          fields.flag("gatun_bias", true));
    } catch (InvalidArgument e) {
      throw fields.bad(e.getMessage());
    }
  }

  /// The network's shape.
  public GptConfig config() {
    return new GptConfig(
        layers,
        heads,
        width,
        feedForward,
        positions,
        vocabulary,
        biased,
        scaledByLayer,
        tied,
        epsilon);
  }

  /// Writes `folder`/config.json so that `GPT2LMHeadModel.from_pretrained(folder)` takes it.
  ///
  /// @throws StoreFailure if it exists already or the disk refuses
  public void write(Path folder) {
    Json.write(folder.resolve(NAME), fields());
  }

  private Map<String, Object> fields() {
    var fields = new LinkedHashMap<String, Object>();
    fields.put("architectures", List.of("GPT2LMHeadModel"));
    fields.put("model_type", "gpt2");
    fields.put("vocab_size", vocabulary);
    fields.put("n_positions", positions);
    fields.put("n_ctx", positions);
    fields.put("n_embd", width);
    fields.put("n_layer", layers);
    fields.put("n_head", heads);
    fields.put("n_inner", feedForward == 4 * width ? null : feedForward);
    fields.put("activation_function", GELU_BY_TANH.getFirst());
    fields.put("layer_norm_epsilon", epsilon);
    fields.put("scale_attn_weights", true);
    fields.put("scale_attn_by_inverse_layer_idx", scaledByLayer);
    fields.put("reorder_and_upcast_attn", false);
    fields.put("add_cross_attention", false);
    fields.put("tie_word_embeddings", tied);
    fields.put("resid_pdrop", 0.0);
    fields.put("embd_pdrop", 0.0);
    fields.put("attn_pdrop", 0.0);
    // null, not absent: Hugging Face's default of 50256 lies outside a smaller vocabulary.
    Integer endOfText = vocabulary == GPT2_VOCABULARY ? GPT2_END_OF_TEXT : null;
    fields.put("bos_token_id", endOfText);
    fields.put("eos_token_id", endOfText);
    fields.put("gatun_bias", biased);
    return fields;
  }

  private static void refuseOtherNetworks(Fields fields) {
    if (!fields.has("model_type")) {
      throw fields.bad("lacks the field \"model_type\"; it must be \"gpt2\"");
    }
    var model = fields.text("model_type", null);
    if (!model.equals("gpt2")) {
      throw fields.bad("describes a \"" + model + "\"; only \"gpt2\" is read here");
    }
    var activation = fields.text("activation_function", "gelu_new");
    if (!GELU_BY_TANH.contains(activation)) {
      throw fields.bad(
          "\"activation_function\" is \"%s\"; only %s are read here"
              .formatted(activation, String.join(" and ", GELU_BY_TANH)));
    }
    requireFlag(fields, "scale_attn_weights", true);
    requireFlag(fields, "reorder_and_upcast_attn", false);
    requireFlag(fields, "add_cross_attention", false);
  }

  private static void requireFlag(Fields fields, String name, boolean wanted) {
    if (fields.flag(name, wanted) != wanted) {
      throw fields.bad("\"%s\" is %s; only %s is read here".formatted(name, !wanted, wanted));
    }
  }
}
