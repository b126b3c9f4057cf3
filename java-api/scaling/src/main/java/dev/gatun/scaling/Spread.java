package dev.gatun.scaling;

import java.util.List;
import java.util.Optional;
import java.util.function.ToDoubleFunction;

/// What a law's source tells of its uncertainty. Bands hold 80 %: from the 10th to the 90th
/// percentile.
public sealed interface Spread {
  /// The band around the optimum of `law` at `flops`; empty where the source permits none.
  Optional<AllocationBand> band(ParametricLaw law, double flops);

  /// Nothing usable, and why.
  record Unknown(String reason) implements Spread {
    @Override
    public Optional<AllocationBand> band(ParametricLaw law, double flops) {
      return Optional.empty();
    }
  }

  /// The standard error of the exponent of N alone, the frontier being turned about its point at
  /// `pivot` FLOPs. A lower bound: the frontier's height is taken for known.
  record Exponent(double standardError, double pivot, String note) implements Spread {
    private static final double NORMAL_90 = 1.2815515655446004;

    @Override
    public Optional<AllocationBand> band(ParametricLaw law, double flops) {
      var best = law.optimum(flops);
      double factor = Math.exp(NORMAL_90 * standardError * Math.abs(Math.log(flops / pivot)));
      double ratio = best.tokensPerParameter();
      return Optional.of(
          new AllocationBand(
              new Band(best.parameters() / factor, best.parameters() * factor),
              new Band(best.tokens() / factor, best.tokens() * factor),
              new Band(ratio / (factor * factor), ratio * factor * factor),
              Optional.empty(),
              "80 %% by the published standard error %s of the exponent alone, about %.3g FLOPs%s"
                  .formatted(standardError, pivot, note)));
    }
  }

  /// Refits of the law to resampled runs.
  record Samples(List<ParametricLaw> laws) implements Spread {
    public Samples {
      laws = List.copyOf(laws);
    }

    @Override
    public Optional<AllocationBand> band(ParametricLaw law, double flops) {
      var optima = laws.stream().map(sample -> sample.optimum(flops)).toList();
      return Optional.of(
          new AllocationBand(
              percentiles(optima, Allocation::parameters),
              percentiles(optima, Allocation::tokens),
              percentiles(optima, Allocation::tokensPerParameter),
              Optional.of(percentiles(optima, Allocation::loss)),
              "80 %% of %d refits to resampled runs".formatted(laws.size())));
    }

    private static Band percentiles(List<Allocation> optima, ToDoubleFunction<Allocation> value) {
      double[] sorted = optima.stream().mapToDouble(value).sorted().toArray();
      return new Band(percentile(sorted, 0.1), percentile(sorted, 0.9));
    }

    /// Linear between order statistics, as NumPy's default is.
    private static double percentile(double[] sorted, double share) {
      double place = share * (sorted.length - 1);
      int below = (int) place;
      double above = sorted[Math.min(below + 1, sorted.length - 1)];
      return sorted[below] + (place - below) * (above - sorted[below]);
    }
  }
}
