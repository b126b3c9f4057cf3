package dev.gatun.tool;

import dev.gatun.InvalidArgument;
import dev.gatun.growth.Bert2Bert;
import dev.gatun.growth.Growth;
import dev.gatun.growth.HyperCloning;
import dev.gatun.growth.Interpolation;
import dev.gatun.growth.RandomRest;
import dev.gatun.growth.Stacking;
import dev.gatun.growth.ZeroBlocks;
import java.util.Arrays;
import java.util.function.LongFunction;
import java.util.stream.Collectors;

/// Methods of growth without training by the names that `grow` has for them.
enum NamedGrowth {
  STACK("stack", false, _ -> new Stacking()),
  INTERPOLATE("interpolate", false, _ -> new Interpolation()),
  ZERO_BLOCK("zero-block", false, _ -> new ZeroBlocks()),
  BERT2BERT_FPI("bert2bert-fpi", true, Bert2Bert::new),
  HYPERCLONING("hypercloning", false, _ -> new HyperCloning()),
  RANDOM("random", true, RandomRest::new);

  /// The method that trains its maps.
  static final String LIGO = "ligo";

  final String word;
  private final boolean draws;
  private final LongFunction<Growth> bySeed;

  NamedGrowth(String word, boolean draws, LongFunction<Growth> bySeed) {
    this.word = word;
    this.draws = draws;
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

  /// With a seed, which may be null; throws where one is given to a method that draws nothing.
  Growth with(Long seed) {
    if (seed != null && !draws) {
      throw new InvalidArgument("--seed goes with bert2bert-fpi, random or ligo, not with " + word);
    }
    return drawing(seed == null ? 0 : seed);
  }
}
