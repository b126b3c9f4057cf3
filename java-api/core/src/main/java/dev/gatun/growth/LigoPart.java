package dev.gatun.growth;

import dev.gatun.nn.GptConfig;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// A parameter of a block as LiGO maps it, or the share of one that belongs to queries, keys or
/// values: a matrix W whose rows have the map B, whose columns that of the residual stream, A, or
/// none. Of B W Aᵀ, W is what a linear layer's weight (in, out) is, or its transpose.
///
/// What writes into the residual stream has that map on its output, what reads from it on its
/// input; attention's output projection reads with the map of the values, the MLP's second product
/// with that of the first.
///
/// @param parameter its name within a block
/// @param depth what its weights of depth are called
/// @param rows the map of its rows; empty where there is one row
/// @param residual whether its columns are the residual stream's; else there is one
/// @param transposed whether the parameter is stored as Wᵀ
/// @param third which of the three shares of the parameter it is, from 0
record LigoPart(
    String parameter,
    String depth,
    Optional<LigoMap> rows,
    boolean residual,
    boolean transposed,
    int third) {
  private static final List<LigoMap> ATTENTION =
      List.of(LigoMap.QUERIES, LigoMap.KEYS, LigoMap.VALUES);

  static List<LigoPart> of(GptConfig config) {
    var parts = new ArrayList<LigoPart>();
    norm(parts, "ln_1");
    for (var rows : ATTENTION) {
      into(parts, "attn.c_attn", "attn." + rows.word(), rows, ATTENTION.indexOf(rows));
    }
    outOf(parts, "attn.c_proj", LigoMap.VALUES);
    norm(parts, "ln_2");
    into(parts, "mlp.c_fc", "mlp.c_fc", LigoMap.HIDDEN, 0);
    outOf(parts, "mlp.c_proj", LigoMap.HIDDEN);
    if (!config.bias()) parts.removeIf(LigoPart::isBias);
    return List.copyOf(parts);
  }

  private static void norm(List<LigoPart> parts, String name) {
    for (var end : List.of(".weight", ".bias")) {
      parts.add(new LigoPart(name + end, name, Optional.empty(), true, false, 0));
    }
  }

  /// A product that reads from the residual stream.
  private static void into(
      List<LigoPart> parts, String name, String depth, LigoMap out, int third) {
    parts.add(new LigoPart(name + ".weight", depth, Optional.of(out), true, true, third));
    parts.add(new LigoPart(name + ".bias", depth, Optional.of(out), false, false, third));
  }

  /// A product that writes into it.
  private static void outOf(List<LigoPart> parts, String name, LigoMap in) {
    parts.add(new LigoPart(name + ".weight", name, Optional.of(in), true, false, 0));
    parts.add(new LigoPart(name + ".bias", name, Optional.empty(), true, false, 0));
  }

  boolean isBias() {
    return parameter.endsWith(".bias");
  }

  boolean isOfQueries() {
    return parameter.startsWith("attn.c_attn") && rows.equals(Optional.of(LigoMap.QUERIES));
  }

  /// Whether it is the output projection of half a block, weight or bias.
  static boolean isOutputProjection(String depth) {
    return depth.contains("c_proj");
  }

  /// Rows of the matrix in a network of this shape.
  long rows(GptConfig config) {
    return rows.map(map -> map.space.size(config)).orElse(1L);
  }

  /// Its columns.
  long cols(GptConfig config) {
    return residual ? config.width() : 1;
  }

  /// The matrix of a network's parameter, as it is stored there or copied into the innermost scope.
  Tensor matrix(Tensor parameter, GptConfig config) {
    var stored = parameter.shape();
    if (stored.rank() == 1) stored = residual ? Shape.of(1, stored.count()) : stored.append(1);
    var whole = Tensor.over(parameter.scope(), parameter.data(), parameter.dtype(), stored, null);
    if (transposed) whole = whole.transpose();
    long each = rows(config);
    return whole.shape().size(0) == each ? whole : whole.slice(0, third * each, each);
  }
}
