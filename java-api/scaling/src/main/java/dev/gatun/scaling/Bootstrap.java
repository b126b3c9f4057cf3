package dev.gatun.scaling;

import dev.gatun.InvalidArgument;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.stream.LongStream;

/// A bootstrap of runs: refits to runs drawn with replacement, as many as there are. The same seed
/// gives the same samples on any number of processors.
///
/// @param samples how many; 0 for none
/// @param seed of the draws
public record Bootstrap(int samples, long seed) {
  /// A thousand samples.
  public static final Bootstrap DEFAULT = new Bootstrap(1000, 0);

  /// No intervals.
  public static final Bootstrap NONE = new Bootstrap(0, 0);

  /// @throws InvalidArgument for a negative number of samples
  public Bootstrap {
    if (samples < 0) {
      throw new InvalidArgument("%d bootstrap samples; it must be 0 or more".formatted(samples));
    }
  }

  /// One refit a sample; those that come to nothing are left out.
  <T> List<T> of(Function<SplittableRandom, Optional<T>> refit) {
    long[] seeds = new SplittableRandom(seed).longs(samples).toArray();
    return LongStream.of(seeds)
        .parallel()
        .mapToObj(SplittableRandom::new)
        .map(refit)
        .flatMap(Optional::stream)
        .toList();
  }

  /// `count` indices below `count`, with replacement.
  static int[] draw(SplittableRandom random, int count) {
    return random.ints(count, 0, count).toArray();
  }
}
