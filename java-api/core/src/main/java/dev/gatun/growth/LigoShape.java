package dev.gatun.growth;

import dev.gatun.nn.GptConfig;
import dev.gatun.nn.Parameters;
import dev.gatun.tensor.Shape;
import java.util.List;

/// Which maps an operator has, and how large they are.
///
/// @param source the smaller network
/// @param target the larger one
public record LigoShape(GptConfig source, GptConfig target, LigoForm form, LigoHeads heads) {
  private static final String DEPTH = "depth.";

  /// @throws dev.gatun.InvalidArgument as [Growth#grow] does
  public LigoShape {
    Larger.require(source, target);
  }

  /// The maps as parameters. Those of one kind lie one behind the other, layer after layer.
  ///
  /// ```
  /// residual                        (width', width)         one
  /// queries, keys, values           (heads', heads)         or (width', width) where dense
  /// hidden                          (hidden', hidden)
  /// depth.ln_1, depth.attn.queries… (layers', layers)       for each part of a block
  /// ```
  ///
  /// In the released form, rows that are not learned are no parameters.
  public Parameters.Declarations declarations() {
    var all = Parameters.declare();
    for (var map : LigoMap.values()) {
      if (isLearned(map)) all.matrix(map.word(), maps(map) * learned(map), small(map));
    }
    for (var depth : depths()) all.matrix(depth, target.layers(), source.layers());
    return all;
  }

  /// Numbers that are learned.
  public long parameterCount() {
    long count = 0;
    for (var map : LigoMap.values()) count += maps(map) * learned(map) * small(map);
    return count + (long) depths().size() * target.layers() * source.layers();
  }

  List<LigoPart> parts() {
    return LigoPart.of(source);
  }

  /// The names of the weights of depth.
  List<String> depths() {
    return parts().stream().map(this::depth).distinct().toList();
  }

  /// The name of a part's.
  String depth(LigoPart part) {
    boolean own = form == LigoForm.RELEASED && part.isBias();
    return DEPTH + part.depth() + (own ? ".bias" : "");
  }

  /// How many there are of a kind.
  int maps(LigoMap map) {
    return map == LigoMap.RESIDUAL ? 1 : form.maps(source, target);
  }

  boolean isOfWholeHeads(LigoMap map) {
    return map.space == Place.Space.HEADS && heads == LigoHeads.WHOLE;
  }

  long small(LigoMap map) {
    return size(map, source);
  }

  long large(LigoMap map) {
    return size(map, target);
  }

  private long size(LigoMap map, GptConfig config) {
    return isOfWholeHeads(map) ? config.heads() : map.space.size(config);
  }

  /// Rows of a map that are learned; those before them are a unit matrix.
  long learned(LigoMap map) {
    return large(map) - (form == LigoForm.RELEASED ? small(map) : 0);
  }

  boolean isLearned(LigoMap map) {
    return learned(map) > 0;
  }

  Shape shape(LigoMap map) {
    return Shape.of(large(map), small(map));
  }

  /// FLOPs of making the larger weights once: two for each product of two numbers, in products of
  /// matrices and in sums over layers.
  public double forwardFlops() {
    return flops(false);
  }

  /// The same with the gradients of the maps: each product has two gradients, but where it reads
  /// the smaller network's weights, which have none.
  public double flops() {
    return flops(true);
  }

  private double flops(boolean gradients) {
    var count = new LigoFlops(this, gradients);
    double total = 0;
    for (var part : parts()) total += count.of(part);
    return total + count.outsideBlocks();
  }
}
