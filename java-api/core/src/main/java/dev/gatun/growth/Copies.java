package dev.gatun.growth;

import dev.gatun.InvalidArgument;
import dev.gatun.memory.Scope;
import dev.gatun.nn.Gpt;
import dev.gatun.nn.GptConfig;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.IntStream;

/// A larger network of copies: which channel of the residual stream, which head, which channel of
/// the MLPs and which layer each of the larger one's is a copy of.
///
/// ```
/// W'[i', j'] = W[g(i'), h(j')] / n(g(i'))        W (in, out), n copies of an input
/// b'[j'] = b[h(j')]
/// ```
///
/// Copies of a unit have the same value, and what sums over n of them takes an n-th of each. A tied
/// head is the token embedding, whose rows are copied whole; gain and bias of the last norm are
/// divided in its stead. A norm takes the mean over all copies, so that it is the same only where
/// there are equally many of each channel; of heads and the MLPs' channels one copy each is enough.
///
/// Where attention is scaled by layer, the queries of a block that moves from layer l to l' are
/// scaled by (l' + 1) / (l + 1), from 0: it computes what it did.
///
/// @param residual of C channels, which token and position embeddings, norms and blocks share
/// @param heads of H heads; their columns go together
/// @param hidden of the F channels of an MLP
/// @param layers of L blocks
public record Copies(CopyMap residual, CopyMap heads, CopyMap hidden, CopyMap layers) {
  /// Blocks of the same width.
  static Copies ofLayers(GptConfig source, CopyMap layers) {
    return new Copies(
        CopyMap.same(source.width()),
        CopyMap.same(source.heads()),
        CopyMap.same(source.feedForward()),
        layers);
  }

  /// Whether the larger network computes the smaller one's logits, but for rounding.
  public boolean preservesFunction() {
    return residual.isUniform() && heads.isOnto() && hidden.isOnto() && layers.isSame();
  }

  /// The larger network, as [Growth#grow] has it.
  public Gpt of(Gpt source, GptConfig target, Scope scope) {
    Larger.require(source.config(), target);
    Larger.requireWide(source.parameters().dtype());
    requireFit("channels", residual, source.config().width(), target.width());
    requireFit("heads", heads, source.config().heads(), target.heads());
    requireFit("channels of an MLP", hidden, source.config().feedForward(), target.feedForward());
    requireFit("layers", layers, source.config().layers(), target.layers());
    var grown = Gpt.blank(target, scope, source.parameters().dtype());
    for (var name : grown.parameters().names()) {
      var to = grown.parameters().get(name);
      to.requireUsable("grow", source.device());
      try (var work = source.device().scope()) {
        overwrite(to, matrix(source, Place.of(name, target), work));
      }
    }
    return grown;
  }

  private static void requireFit(String what, CopyMap map, int smaller, int larger) {
    if (map.smaller() != smaller || map.larger() != larger) {
      throw new InvalidArgument(
          "a map of %d to %d %s; there are %d and %d"
              .formatted(map.smaller(), map.larger(), what, smaller, larger));
    }
  }

  private static void overwrite(Tensor to, Tensor from) {
    var device = to.device();
    long bytes = to.shape().count() * to.dtype().bytes();
    device.kernels().copy(device.stream().handle(), to.data(), from.data(), bytes);
  }

  /// The larger network's parameter at `place`.
  private Tensor matrix(Gpt source, Place place, Scope work) {
    var config = source.config();
    int layer = place.layer().orElse(0);
    int from = place.layer().isPresent() ? layers.sources().get(layer) : 0;
    double queries = config.scaledByLayer() ? (from + 1.0) / (layer + 1) : 1;
    var small = place.matrix(source.parameters().get(place.nameIn(from)), config);
    return columns(rows(small, place, queries, config, work), place, config, work);
  }

  /// The rows of the larger matrix, each divided by its number of copies; those of queries by
  /// `queries` too.
  private Tensor rows(Tensor small, Place place, double queries, GptConfig source, Scope work) {
    int each = place.rowsEach();
    var map = map(place.in(), source, Math.toIntExact(small.shape().size(0) / each));
    var counts = map.counts();
    var rows = map.inBlocks(each);
    var divisors =
        IntStream.range(0, rows.larger())
            .mapToDouble(
                row ->
                    counts[map.sources().get(row / each)] * (place.isOfQueries(row) ? queries : 1))
            .toArray();
    return divided(gathered(small, rows, work), divisors, work);
  }

  /// The columns, each divided by its number of copies where they are summed over.
  private Tensor columns(Tensor matrix, Place place, GptConfig source, Scope work) {
    var map = map(place.out(), source, 1);
    if (map.isSame()) return matrix;
    var copied = gathered(matrix.transpose(), map, work);
    if (!place.summed()) return copied.transpose();
    var counts = map.counts();
    var divisors = map.sources().stream().mapToDouble(i -> counts[i]).toArray();
    return divided(copied, divisors, work).transpose();
  }

  /// Each row by a divisor of its own.
  private static Tensor divided(Tensor rows, double[] divisors, Scope work) {
    if (Arrays.stream(divisors).allMatch(divisor -> divisor == 1)) return rows;
    return rows.dividedBy(column(divisors, rows.dtype(), work));
  }

  private static Tensor gathered(Tensor matrix, CopyMap rows, Scope work) {
    if (rows.isSame()) return matrix;
    var sources = rows.sources().stream().mapToInt(Integer::intValue).toArray();
    return matrix.gather(Tensor.of(work, Shape.of(sources.length), sources));
  }

  private static Tensor column(double[] elements, DType dtype, Scope work) {
    var column = Tensor.uninitialized(work, dtype, Shape.of(elements.length, 1));
    column.copyFrom(elements);
    return column;
  }

  /// The map of the rows at a place; empty where they do not grow.
  Optional<CopyMap> rows(Place place, GptConfig source) {
    if (place.in() == Place.Space.FIXED) return Optional.empty();
    return Optional.of(map(place.in(), source, 1).inBlocks(place.rowsEach()));
  }

  /// The map of a space; of what does not grow, each element is itself.
  private CopyMap map(Place.Space space, GptConfig source, int fixed) {
    return switch (space) {
      case FIXED -> CopyMap.same(fixed);
      case RESIDUAL -> residual;
      case HEADS -> heads.inBlocks(source.headSize());
      case HIDDEN -> hidden;
    };
  }
}
