package dev.gatun.tool;

import dev.gatun.InvalidArgument;
import dev.gatun.growth.Bert2Bert;
import dev.gatun.growth.CopyGrowth;
import dev.gatun.growth.Growth;
import dev.gatun.growth.HyperCloning;
import dev.gatun.growth.Interpolation;
import dev.gatun.growth.NoisyCopies;
import dev.gatun.growth.RandomRest;
import dev.gatun.growth.Stacking;
import dev.gatun.growth.ZeroBlocks;
import java.util.Arrays;
import java.util.function.LongFunction;
import java.util.stream.Collectors;

/// Methods of growth without training by the names that `grow` has for them.
enum NamedGrowth {
  STACK("stack", false, false, _ -> new Stacking()),
  INTERPOLATE("interpolate", false, false, _ -> new Interpolation()),
  ZERO_BLOCK("zero-block", false, false, _ -> new ZeroBlocks()),
  BERT2BERT_FPI("bert2bert-fpi", true, true, Bert2Bert::new),
  HYPERCLONING("hypercloning", false, true, _ -> new HyperCloning()),
  RANDOM("random", true, false, RandomRest::new);

  /// The method that trains its maps.
  static final String LIGO = "ligo";

  final String word;
  private final boolean draws;
  private final boolean copiesWidth;
  private final LongFunction<Growth> bySeed;

  NamedGrowth(String word, boolean draws, boolean copiesWidth, LongFunction<Growth> bySeed) {
    this.word = word;
    this.draws = draws;
    this.copiesWidth = copiesWidth;
    this.bySeed = bySeed;
  }

  static NamedGrowth named(String word) {
    return Arrays.stream(values())
        .filter(each -> each.word.equals(word))
        .findFirst()
        .orElseThrow(
            () ->
                new InvalidArgument(
                    "there is no method \"%s\"; there are %s, %s"
                        .formatted(
                            word,
                            Arrays.stream(values())
                                .map(each -> each.word)
                                .collect(Collectors.joining(", ")),
                            LIGO)));
  }

  /// With a seed, of which it makes use where it draws.
  Growth drawing(long seed) {
    return bySeed.apply(seed);
  }

  /// With a seed and with noise, either of which may be null; throws where one is given to a method
  /// that has no use for it.
  Growth with(Long seed, Double noise) {
    if (noise != null && !copiesWidth) {
      throw new InvalidArgument(
          "--noise goes with bert2bert-fpi, hypercloning or ligo, not with " + word);
    }
    if (seed != null && !draws && noise == null) {
      throw new InvalidArgument(
          "--seed goes with bert2bert-fpi, random, ligo or noise, not with %s alone"
              .formatted(word));
    }
    long drawn = seed == null ? 0 : seed;
    var growth = drawing(drawn);
    return noise == null ? growth : new NoisyCopies((CopyGrowth) growth, noise, drawn);
  }
}
