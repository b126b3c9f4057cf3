package dev.gatun.scaling;

import dev.gatun.InvalidArgument;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/// The compute-optimal run of a budget as one approach sees it, with its bootstrap bands.
///
/// @param approach which
/// @param flops C
/// @param parameters N
/// @param parametersBand of N; empty without a bootstrap, as are the other bands
/// @param tokens D
/// @param tokensBand of D
/// @param loss predicted; empty where the approach predicts none
/// @param lossBand of the loss
public record FrontierPoint(
    Approach approach,
    double flops,
    double parameters,
    Optional<Interval> parametersBand,
    double tokens,
    Optional<Interval> tokensBand,
    Optional<Double> loss,
    Optional<Interval> lossBand) {
  /// How far beyond the largest run a frontier is worth drawing without a word.
  private static final double TRUSTED = 100;

  private static final int BUDGETS_A_DECADE = 4;

  /// D / N.
  public double tokensPerParameter() {
    return tokens / parameters;
  }

  /// From the cheapest run to `flops`, both ends and four budgets a decade between, by every
  /// approach that stands.
  ///
  /// @throws InvalidArgument unless `flops` is at least the cheapest run's
  public static List<FrontierPoint> upTo(double flops, ScalingFit fit) {
    double least = fit.runs().leastFlops();
    if (!(flops >= least) || Double.isInfinite(flops)) {
      throw new InvalidArgument(
          "the frontier is asked for up to %s FLOPs; it begins at the cheapest run, %g"
              .formatted(flops, least));
    }
    var budgets = budgets(least, flops);
    return fit.frontiers().keySet().stream()
        .flatMap(approach -> budgets.stream().map(budget -> at(budget, approach, fit)))
        .toList();
  }

  private static List<Double> budgets(double least, double most) {
    var budgets = new TreeSet<>(List.of(least, most));
    for (int k = (int) Math.ceil(BUDGETS_A_DECADE * Math.log10(least)); ; k++) {
      double budget = Math.pow(10, (double) k / BUDGETS_A_DECADE);
      if (budget >= most) return List.copyOf(budgets);
      budgets.add(budget);
    }
  }

  /// [Warning#EXTRAPOLATION], or none.
  public static Set<Warning> warnings(double flops, ScalingFit fit) {
    return flops > TRUSTED * fit.runs().greatestFlops()
        ? EnumSet.of(Warning.EXTRAPOLATION)
        : EnumSet.noneOf(Warning.class);
  }

  /// At one budget.
  public static FrontierPoint at(double flops, Approach approach, ScalingFit fit) {
    var frontier = fit.frontiers().get(approach);
    var samples = fit.samples(approach);
    var law = fit.law().filter(_ -> approach == Approach.PARAMETRIC);
    return new FrontierPoint(
        approach,
        flops,
        frontier.parameters().at(flops),
        Interval.of(samples, sample -> sample.parameters().at(flops)),
        frontier.tokens().at(flops),
        Interval.of(samples, sample -> sample.tokens().at(flops)),
        law.map(of -> of.law().optimum(flops).loss()),
        law.flatMap(of -> Interval.of(of.samples(), sample -> sample.optimum(flops).loss())));
  }
}
