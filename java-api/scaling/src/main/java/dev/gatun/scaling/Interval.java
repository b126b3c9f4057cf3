package dev.gatun.scaling;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.ToDoubleFunction;

/// The middle 95 % of what a bootstrap's samples say.
///
/// @param low the 2.5th percentile
/// @param high the 97.5th
public record Interval(double low, double high) {
  private static final double TAIL = 0.025;

  /// Of something about every sample; empty without samples.
  public static <T> Optional<Interval> of(List<T> samples, ToDoubleFunction<T> something) {
    if (samples.isEmpty()) return Optional.empty();
    var sorted = samples.stream().mapToDouble(something).sorted().toArray();
    return Optional.of(new Interval(quantile(sorted, TAIL), quantile(sorted, 1 - TAIL)));
  }

  /// Between the two neighbours in a straight line; the first value is the quantile 0, the last 1.
  static double quantile(double[] sorted, double share) {
    double at = share * (sorted.length - 1);
    int below = (int) at;
    int above = Math.min(below + 1, sorted.length - 1);
    return below == above || at == below
        ? sorted[below]
        : sorted[below] + (at - below) * (sorted[above] - sorted[below]);
  }

  /// The middle value.
  static double median(double[] of) {
    return quantile(Arrays.stream(of).sorted().toArray(), 0.5);
  }
}
