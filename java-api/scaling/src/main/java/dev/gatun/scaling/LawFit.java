package dev.gatun.scaling;

import dev.gatun.InvalidArgument;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/// The third approach of Hoffmann et al. 2022: the parametric law that minimises [LogHuber].
///
/// @param law the best found
/// @param objective the summed Huber loss at it
/// @param points runs
/// @param starts descents it is the best of
/// @param residuals of ln L
/// @param samples a law for each sample of the bootstrap
/// @param warnings about this fit; those about the runs are in [Runs#warnings]
public record LawFit(
    ParametricLaw law,
    double objective,
    int points,
    int starts,
    Residuals residuals,
    List<ParametricLaw> samples,
    Set<Warning> warnings) {
  /// Of the descents at a glance, the best one in so many is polished.
  private static final int POLISHED = 100;

  private static final int FEWEST_POLISHED = 16;
  private static final double NEAR_BOUND = 0.01;
  private static final double SMALL_EXPONENT = 0.05;
  private static final double LARGE_EXPONENT = 2;
  private static final int DRAWS = 100;

  public LawFit {
    samples = List.copyOf(samples);
    warnings = Collections.unmodifiableSet(EnumSet.copyOf(warnings));
  }

  /// Fits the law and refits it from there to each sample of the bootstrap.
  ///
  /// @throws InvalidArgument where the fit runs away: an exponent is not positive, or numbers
  ///     overflow
  public static LawFit of(Runs runs, Starts from, Bootstrap bootstrap) {
    var objective = LogHuber.of(runs);
    var seeds = VariableProjection.seeds(runs);
    var starts =
        Stream.concat(
                seeds.stream().map(VariableProjection.Seed::point),
                from == Starts.GRID ? Starts.published().stream() : Stream.empty())
            .toList();
    var best = best(objective, starts);
    var law = LogHuber.law(best.point());
    if (!isFinite(law)) {
      throw new InvalidArgument(
          "no finite law fits these runs: alpha runs to %g and beta to %g"
              .formatted(law.alpha(), law.beta()));
    }
    var warnings = warnings(runs, law);
    if (seeds.getFirst().atEdge()) warnings.add(Warning.START_AT_EDGE);
    return new LawFit(
        law,
        best.value(),
        objective.points(),
        starts.size(),
        Residuals.of(objective.residuals(best.point())),
        bootstrap.of(random -> refit(objective, best.point(), random)),
        warnings);
  }

  /// All starts at a glance, then the best of them to the end.
  static Descent.End best(LogHuber objective, List<double[]> starts) {
    var polish = new Descent(objective, Descent.POLISH);
    return starts.parallelStream()
        .map(start -> new Descent(objective, Descent.GLANCE).from(start))
        .sorted(Comparator.comparingDouble(Descent.End::value))
        .limit(FEWEST_POLISHED + starts.size() / POLISHED)
        .toList()
        .parallelStream()
        .map(end -> polish.from(polish.from(end.point()).point()))
        .min(Comparator.comparingDouble(Descent.End::value))
        .orElseThrow();
  }

  /// Empty where the draw has too few different runs a hundred times, or no finite law.
  private static Optional<ParametricLaw> refit(
      LogHuber objective, double[] start, SplittableRandom random) {
    for (int draw = 0; draw < DRAWS; draw++) {
      var indices = Bootstrap.draw(random, objective.points());
      if (Arrays.stream(indices).distinct().count() < Runs.FEWEST) continue;
      var end = new Descent(objective.drawn(indices), Descent.SAMPLE).from(start);
      return Optional.of(LogHuber.law(end.point())).filter(LawFit::isFinite);
    }
    return Optional.empty();
  }

  /// Whether the law and its frontier are numbers to compute with.
  private static boolean isFinite(ParametricLaw law) {
    var frontier = PowerFrontier.of(law);
    return Double.isFinite(law.e() + law.a() + law.b() + law.alpha() + law.beta())
        && isPositive(law.parameterExponent())
        && isPositive(1 - law.parameterExponent())
        && isPositive(frontier.parameters().factor())
        && isPositive(frontier.tokens().factor());
  }

  private static boolean isPositive(double number) {
    return number > 0 && Double.isFinite(number);
  }

  private static EnumSet<Warning> warnings(Runs runs, ParametricLaw law) {
    var warnings = EnumSet.noneOf(Warning.class);
    double least = runs.least(TrainingRun::loss);
    if (law.e() > (1 - NEAR_BOUND) * least || law.e() < NEAR_BOUND * least) {
      warnings.add(Warning.FLOOR_AT_BOUND);
    }
    if (Math.min(law.alpha(), law.beta()) < SMALL_EXPONENT) warnings.add(Warning.SMALL_EXPONENT);
    if (Math.max(law.alpha(), law.beta()) > LARGE_EXPONENT) warnings.add(Warning.LARGE_EXPONENT);
    double optimum = law.optimum(runs.greatestFlops()).parameters();
    if (!(optimum >= runs.least(TrainingRun::parameters)
        && optimum <= runs.greatest(TrainingRun::parameters))) {
      warnings.add(Warning.OPTIMUM_OUTSIDE);
    }
    return warnings;
  }
}
