package dev.gatun.scaling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.InvalidArgument;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class EnvelopeFitTest {
  private static final ParametricLaw SYMMETRIC = new ParametricLaw(1.69, 400, 400, 0.31, 0.31);
  private static final int POINTS = 200;

  /// Training that loses nothing to a schedule cut short: at every moment the law's own loss.
  private static TrainingRun ideal(ParametricLaw law, double n, double tokens) {
    return run(law, n, tokens, 0);
  }

  /// `excess` is the loss that the learning rate still costs at the start; it goes to nought
  /// linearly at the end.
  private static TrainingRun run(ParametricLaw law, double n, double tokens, double excess) {
    var curve = new ArrayList<TrainingRun.Point>();
    for (double seen : Synthetic.ratios(tokens / 100, tokens, POINTS)) {
      double loss = law.loss(n, seen) + excess * (1 - seen / tokens);
      curve.add(new TrainingRun.Point(6 * n * seen, loss));
    }
    return TrainingRun.of(n, tokens, law.loss(n, tokens)).withCurve(curve);
  }

  /// 41 sizes, each trained to 4 horizons in ratios of 2 about the optimum of its size.
  private static Runs ladder(ParametricLaw law, double excess) {
    var runs = new ArrayList<TrainingRun>();
    for (double flops : Synthetic.ratios(1e18, 1e22, 41)) {
      double n = law.optimum(flops).parameters();
      for (double horizon : new double[] {0.5, 1, 2, 4}) {
        runs.add(run(law, n, horizon * flops / (6 * n), excess));
      }
    }
    return Runs.of(runs);
  }

  @Test
  void theEnvelopeOfALadderHasTheExponentsOfItsLaw() {
    for (var law : List.of(SYMMETRIC, Synthetic.HOFFMANN)) {
      var fit = EnvelopeFit.of(ladder(law, 0), Bootstrap.NONE);
      // Neighbouring sizes are a tenth of a decade of C apart: ln N is off by half that at most,
      // and the slope by no more than that over the 4 decades of the line.
      double spacing = 0.1 * law.parameterExponent() * Math.log(10);
      assertEquals(law.parameterExponent(), fit.frontier().parameters().exponent(), 0.005);
      assertEquals(1 - law.parameterExponent(), fit.frontier().tokens().exponent(), 0.005);
      assertTrue(fit.residuals().rmse() < spacing, fit.residuals()::toString);
      for (double flops : new double[] {1e19, 1e20, 1e21}) {
        double ratio = fit.frontier().parameters().at(flops) / law.optimum(flops).parameters();
        assertEquals(0, Math.log(ratio), spacing);
      }
    }
  }

  @Test
  void everyPointLiesInTheLastPartOfARunAndOnTheLeastLoss() {
    var runs = ladder(Synthetic.HOFFMANN, 0.05);
    for (var at : EnvelopeFit.of(runs, Bootstrap.NONE).envelope()) {
      assertTrue(
          runs.all().stream()
              .anyMatch(
                  run ->
                      run.parameters() == at.parameters()
                          && at.flops() >= 0.85 * run.flops()
                          && at.flops() <= run.flops() * (1 + 1e-12)),
          at::toString);
      assertEquals(at.flops(), 6 * at.parameters() * at.tokens(), 1e-9 * at.flops());
    }
  }

  /// Of four sizes in the same ratio of tokens the outer two bound the search and give no points;
  /// between the ends of the inner ones a run wins that is early in its training.
  @Test
  void onlyLateWinsOfInnerSizesArePoints() {
    var runs = new ArrayList<TrainingRun>();
    for (double n : new double[] {1e8, 2e8, 4e8, 8e8}) {
      runs.add(ideal(Synthetic.HOFFMANN, n, 40 * n));
    }
    var fit = EnvelopeFit.of(five(runs.toArray(TrainingRun[]::new)), Bootstrap.NONE);
    var sizes = fit.envelope().stream().map(Allocation::parameters).distinct().toList();
    assertEquals(List.of(2e8, 4e8), sizes);
    for (var at : fit.envelope()) {
      double end = 6 * 40 * at.parameters() * at.parameters();
      assertTrue(at.flops() >= 0.85 * end && at.flops() <= end * (1 + 1e-12), at::toString);
    }
  }

  /// Four sizes near one another: nearly every budget wants a smaller or a larger one.
  @Test
  void winsThatAreMostlyOfTheOuterSizesAreWarnedOf() {
    var runs = new ArrayList<TrainingRun>();
    for (double n : new double[] {1e8, 2e8, 4e8, 8e8}) {
      for (double ratio : Synthetic.ratios(1, 1024, 11)) {
        runs.add(ideal(Synthetic.HOFFMANN, n, ratio * 20 * n));
      }
    }
    assertEquals(
        EnumSet.of(Warning.OPTIMUM_OUTSIDE),
        EnvelopeFit.of(Runs.of(runs), Bootstrap.NONE).warnings());
  }

  /// With runs that have no curve beside them, for there must be five.
  private static Runs five(TrainingRun... curved) {
    var runs = new ArrayList<>(List.of(curved));
    while (runs.size() < 5) runs.add(TrainingRun.of(2e8, 1e9 * (runs.size() + 1), 3));
    return Runs.of(runs);
  }

  @Test
  void betweenItsPointsACurveIsStraightInBothLogarithms() {
    var curve = new ArrayList<TrainingRun.Point>();
    for (double flops : new double[] {1e18, 1e19, 1e22}) {
      curve.add(new TrainingRun.Point(flops, Math.pow(flops, -0.1)));
    }
    var read = LogLog.of(curve).at(new double[] {Math.log(3e17), Math.log(5e20), Math.log(1e22)});
    assertTrue(Double.isNaN(read[0]));
    assertEquals(-0.1 * Math.log(5e20), read[1], 1e-13);
    assertEquals(-0.1 * Math.log(1e22), read[2], 1e-13);
  }

  @Test
  void withoutCurvesOrWithOneSizeThereIsNoEnvelope() {
    assertRefused(five(), "0 of 5 have one");
    assertRefused(five(ideal(SYMMETRIC, 1e8, 2e9)), "1 of 5 have one");
    var alike = five(ideal(SYMMETRIC, 1e8, 2e9), ideal(SYMMETRIC, 1e8, 4e9));
    assertRefused(alike, "fewer than two model sizes");
  }

  private static void assertRefused(Runs runs, String part) {
    var refusal = assertThrows(InvalidArgument.class, () -> EnvelopeFit.of(runs, Bootstrap.NONE));
    assertTrue(refusal.getMessage().contains(part), refusal.getMessage());
  }

  @Test
  void theBootstrapIsTheSameForTheSameSeedAndHoldsTheTruth() {
    var runs = ladder(Synthetic.HOFFMANN, 0);
    var fit = EnvelopeFit.of(runs, new Bootstrap(100, 1));
    assertEquals(fit.samples(), EnvelopeFit.of(runs, new Bootstrap(100, 1)).samples());
    assertNotEquals(fit.samples(), EnvelopeFit.of(runs, new Bootstrap(100, 2)).samples());
    var interval =
        Interval.of(fit.samples(), sample -> sample.parameters().exponent()).orElseThrow();
    double truth = Synthetic.HOFFMANN.parameterExponent();
    assertTrue(interval.low() < truth && truth < interval.high(), interval::toString);
    assertEquals(Set.of(), fit.warnings());
  }
}
