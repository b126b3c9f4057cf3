package dev.gatun.growth;

import dev.gatun.InvalidArgument;
import dev.gatun.nn.GptConfig;
import java.util.Arrays;
import java.util.function.BiFunction;

/// Maps that copy: each row has one number, in the place of what it is a copy of. Of n copies that
/// number is 1/√n, so that the columns of a map have length 1: what is written through the map and
/// read through it again is what it was. Queries and keys are copied as they are, since they only
/// meet their own copies.
///
/// In the released form the first copies are a unit matrix that is not learned: there columns of n
/// copies are longer than 1, by (n - 1)/n of a square, and the stream is scaled.
///
/// So, in the other forms, a width that is a whole multiple preserves the function but in two
/// places. A norm adds the same eps to a variance that is n times smaller; and the MLP reads
/// through the map that it is written through, where GELU stands between: n copies of GELU(h/√n)/√n
/// are GELU(h) only for h far from 0. Uneven copies change the mean and variance that a norm takes;
/// without width, nothing is scaled.
///
/// @param copies of a source and a target
/// @param silent whether the output projections of new blocks are zero
record LigoFromCopies(BiFunction<GptConfig, GptConfig, Copies> copies, boolean silent)
    implements LigoStart {
  @Override
  public double[] width(LigoShape shape, LigoMap map, int which) {
    var all = copies.apply(shape.source(), shape.target());
    var copied =
        switch (map) {
          case RESIDUAL -> all.residual();
          case HIDDEN -> all.hidden();
          case QUERIES, KEYS, VALUES ->
              shape.isOfWholeHeads(map)
                  ? all.heads()
                  : all.heads().inBlocks(shape.source().headSize());
        };
    requireUnitAbove(shape, map, copied);
    var values = new double[copied.smaller()];
    var counts = copied.counts();
    boolean whole = map == LigoMap.QUERIES || map == LigoMap.KEYS;
    Arrays.setAll(values, i -> whole ? 1 : 1 / Math.sqrt(counts[i]));
    return oneInEachRow(copied, values);
  }

  /// Where the first rows are not learned they are a unit matrix.
  private static void requireUnitAbove(LigoShape shape, LigoMap map, CopyMap copied) {
    if (shape.form() != LigoForm.RELEASED) return;
    var first = copied.sources().subList(0, copied.smaller());
    if (!first.equals(CopyMap.same(copied.smaller()).sources())) {
      throw new InvalidArgument(
          "the released form of LiGO keeps the first %d of %s; these copies do not"
              .formatted(copied.smaller(), map.word()));
    }
  }

  @Override
  public double[] depth(LigoShape shape, String name) {
    var layers = copies.apply(shape.source(), shape.target()).layers();
    var values = new double[layers.smaller()];
    Arrays.fill(values, 1);
    var weights = oneInEachRow(layers, values);
    if (silent && LigoPart.isOutputProjection(name)) {
      for (int layer = 0; layer < layers.larger(); layer++) {
        if (!ZeroBlocks.isNew(layers, layer)) continue;
        Arrays.fill(weights, layer * layers.smaller(), (layer + 1) * layers.smaller(), 0);
      }
    }
    return weights;
  }

  private static double[] oneInEachRow(CopyMap map, double[] values) {
    var elements = new double[map.larger() * map.smaller()];
    for (int row = 0; row < map.larger(); row++) {
      int source = map.sources().get(row);
      elements[row * map.smaller() + source] = values[source];
    }
    return elements;
  }
}
