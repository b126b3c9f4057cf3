package dev.gatun.scaling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.ToDoubleFunction;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class LawFitTest {
  private static final List<ToDoubleFunction<ParametricLaw>> PARTS =
      List.of(
          ParametricLaw::e,
          ParametricLaw::a,
          ParametricLaw::b,
          ParametricLaw::alpha,
          ParametricLaw::beta);

  @ParameterizedTest
  @CsvSource({
    "1.69, 406.4, 410.7, 0.34, 0.28",
    "1.8172, 482.01, 2085.43, 0.3478, 0.3658",
    "0.5, 30, 5000, 0.2, 0.45",
    "1.87, 521, 1488, 0.353, 0.353"
  })
  void withoutNoiseTheLawIsFoundAgain(double e, double a, double b, double alpha, double beta) {
    var law = new ParametricLaw(e, a, b, alpha, beta);
    var runs = Runs.of(Synthetic.runs(law, 8, 16, 0, 0));
    var fit = LawFit.of(runs, Starts.SEEDED, Bootstrap.NONE);
    for (var part : PARTS) {
      assertEquals(1, part.applyAsDouble(fit.law()) / part.applyAsDouble(law), 1e-6);
    }
    assertEquals(0, fit.objective(), 1e-18);
    assertEquals(0, fit.residuals().rmse(), 1e-9);
    assertEquals(Set.of(), fit.warnings());
  }

  @Test
  @Tag("long")
  void oneSeededStartFindsTheBestOfThePublishedGrid() {
    var runs = Synthetic.likeHoffmann(5);
    var objective = LogHuber.of(runs);
    var seed = VariableProjection.seeds(runs).getFirst();
    double seeded = LawFit.best(objective, List.of(seed.point())).value();
    double published = LawFit.best(objective, Starts.published()).value();
    assertEquals(4500, Starts.published().size());
    assertEquals(1, seeded / published, 1e-10);
  }

  @Test
  void theEndIsAMinimum() {
    var runs = Synthetic.likeHoffmann(6);
    var fit = LawFit.of(runs, Starts.SEEDED, Bootstrap.NONE);
    var objective = LogHuber.of(runs);
    var x = LogHuber.point(fit.law());
    assertEquals(objective.value(x), fit.objective(), 1e-12 * fit.objective());
    for (int k = 0; k < LogHuber.SIZE; k++) {
      for (double step : new double[] {-1e-4, 1e-4}) {
        var aside = x.clone();
        aside[k] += step;
        assertTrue(objective.value(aside) > fit.objective(), "by " + k);
      }
    }
  }

  @Test
  void theBootstrapIsTheSameForTheSameSeedOnly() {
    var runs = Runs.of(Synthetic.runs(Synthetic.HOFFMANN, 6, 8, 0.01, 7));
    var samples = LawFit.of(runs, Starts.SEEDED, new Bootstrap(50, 11)).samples();
    assertEquals(50, samples.size());
    assertEquals(samples, LawFit.of(runs, Starts.SEEDED, new Bootstrap(50, 11)).samples());
    assertNotEquals(samples, LawFit.of(runs, Starts.SEEDED, new Bootstrap(50, 12)).samples());
  }

  /// Of forty intervals of 95 % the truth lies outside two; outside more than seven with a
  /// probability of one in a thousand.
  @Test
  @Tag("long")
  void itsIntervalsHoldTheTruthAsOftenAsTheySay() {
    double truth = Synthetic.HOFFMANN.parameterExponent();
    int held = 0;
    for (int set = 0; set < 40; set++) {
      var runs = Runs.of(Synthetic.runs(Synthetic.HOFFMANN, 8, 8, 0.01, 100 + set));
      var samples = LawFit.of(runs, Starts.SEEDED, new Bootstrap(100, set)).samples();
      var interval = Interval.of(samples, ParametricLaw::parameterExponent).orElseThrow();
      if (interval.low() <= truth && truth <= interval.high()) held++;
    }
    assertTrue(held >= 33, held + " of 40");
  }

  @ParameterizedTest
  @EnumSource(
      value = Warning.class,
      names = {
        "FLOOR_AT_BOUND",
        "SMALL_EXPONENT",
        "LARGE_EXPONENT",
        "START_AT_EDGE",
        "OPTIMUM_OUTSIDE"
      })
  void itWarns(Warning warning) {
    var fit = LawFit.of(Runs.of(doubtful(warning)), Starts.SEEDED, Bootstrap.NONE);
    assertTrue(fit.warnings().contains(warning), fit::toString);
  }

  private static List<TrainingRun> doubtful(Warning warning) {
    return switch (warning) {
      case FLOOR_AT_BOUND -> Synthetic.runs(new ParametricLaw(1e-4, 40, 40, 0.1, 0.1), 8, 8, 0, 0);
      case SMALL_EXPONENT, START_AT_EDGE ->
          Synthetic.runs(new ParametricLaw(0.5, 4, 400, 0.03, 0.3), 8, 8, 0, 0);
      case LARGE_EXPONENT ->
          Synthetic.runs(new ParametricLaw(1.5, 1e20, 400, 2.2, 0.4), 8, 8, 0, 0);
      case OPTIMUM_OUTSIDE -> small();
      default -> throw new AssertionError(warning);
    };
  }

  /// Models up to a million parameters, trained on far too many tokens.
  private static List<TrainingRun> small() {
    var runs = new ArrayList<TrainingRun>();
    for (double n : Synthetic.ratios(1e4, 1e6, 6)) {
      for (double d : Synthetic.ratios(1e9, 1e12, 6)) {
        runs.add(TrainingRun.of(n, d, Synthetic.HOFFMANN.loss(n, d)));
      }
    }
    return runs;
  }

  @Test
  void aFrontierOfALawIsItsOptimumAtEveryBudget() {
    var frontier = PowerFrontier.of(Synthetic.HOFFMANN);
    for (double flops : new double[] {1e18, 5.76e23, 3.8e25}) {
      var optimum = Synthetic.HOFFMANN.optimum(flops);
      assertEquals(1, frontier.parameters().at(flops) / optimum.parameters(), 1e-12);
      assertEquals(1, frontier.tokens().at(flops) / optimum.tokens(), 1e-12);
    }
    assertEquals(0.28 / 0.62, frontier.parameters().exponent(), 1e-15);
  }
}
