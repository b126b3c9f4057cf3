package dev.gatun.growth;

import dev.gatun.nn.GptConfig;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.util.OptionalInt;
import java.util.regex.Pattern;

/// Where a parameter stands in a GPT, and what it runs over as a matrix: its columns over `out`,
/// its rows over `in`, with `rowsEach` rows for each element of that. Attention's first product
/// has three: of queries, keys and values. What a layer is given it sums over, so that rows of n
/// copies have an n-th of it each; of some it is the columns that are `summed`.
///
/// Those are the head's, which is stored like the token embedding. Where it is the token embedding
/// it cannot be scaled itself, and the last norm's vectors, whose channels it sums over, are in its
/// stead.
record Place(OptionalInt layer, String part, Space in, Space out, int rowsEach, boolean summed) {
  /// What an axis runs over.
  enum Space {
    /// What does not grow: tokens, positions, a single row or column.
    FIXED,
    /// The channels of the residual stream.
    RESIDUAL,
    /// The columns of all heads.
    HEADS,
    /// The channels inside the MLP.
    HIDDEN;

    long size(GptConfig config) {
      return switch (this) {
        case FIXED -> 1;
        case RESIDUAL, HEADS -> config.width();
        case HIDDEN -> config.feedForward();
      };
    }
  }

  private static final int QUERIES_KEYS_VALUES = 3;
  private static final Pattern IN_BLOCK = Pattern.compile("h\\.(\\d+)\\.(.+)");

  static Place of(String name, GptConfig config) {
    var inBlock = IN_BLOCK.matcher(name);
    return inBlock.matches()
        ? of(OptionalInt.of(Integer.parseInt(inBlock.group(1))), inBlock.group(2), config)
        : of(OptionalInt.empty(), name, config);
  }

  private static Place of(OptionalInt layer, String part, GptConfig config) {
    boolean bias = part.endsWith(".bias");
    return switch (part.substring(0, part.lastIndexOf('.'))) {
      case "wte", "wpe", "ln_1", "ln_2" -> vectors(layer, part, false);
      case "ln_f" -> vectors(layer, part, config.tied());
      case "lm_head" -> vectors(layer, part, true);
      case "attn.c_attn" ->
          product(layer, part, bias, Space.RESIDUAL, Space.HEADS, QUERIES_KEYS_VALUES);
      case "attn.c_proj" -> product(layer, part, bias, Space.HEADS, Space.RESIDUAL, 1);
      case "mlp.c_fc" -> product(layer, part, bias, Space.RESIDUAL, Space.HIDDEN, 1);
      case "mlp.c_proj" -> product(layer, part, bias, Space.HIDDEN, Space.RESIDUAL, 1);
      default -> throw new IllegalArgumentException("no parameter of a GPT: " + part);
    };
  }

  /// Rows that are vectors of the residual stream.
  private static Place vectors(OptionalInt layer, String part, boolean summed) {
    return new Place(layer, part, Space.FIXED, Space.RESIDUAL, 1, summed);
  }

  private static Place product(
      OptionalInt layer, String part, boolean bias, Space in, Space out, int rowsEach) {
    return new Place(layer, part, bias ? Space.FIXED : in, out, rowsEach, false);
  }

  /// The name of the same parameter in another block; the name itself where it stands in none.
  String nameIn(int otherLayer) {
    return layer.isPresent() ? "h." + otherLayer + "." + part : part;
  }

  /// Whether it writes into the residual stream at the end of half a block.
  boolean isOutputProjection() {
    return part.contains("c_proj");
  }

  /// Whether this row makes queries.
  boolean isOfQueries(int row) {
    return rowsEach == QUERIES_KEYS_VALUES && row % rowsEach == 0;
  }

  /// The parameter as that matrix; nothing is copied.
  Tensor matrix(Tensor parameter, GptConfig config) {
    long cols = out.size(config);
    var shape = Shape.of(parameter.shape().count() / cols, cols);
    return Tensor.over(parameter.scope(), parameter.data(), parameter.dtype(), shape, null);
  }
}
