package dev.gatun.scaling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.InvalidArgument;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The numbers are those of noise-free laws put through NumPy's polyfit: nine budgets from 1e18 to
/// 1e22, 15 sizes each.
class IsoFlopFitTest {
  private static final ParametricLaw SYMMETRIC = new ParametricLaw(1.69, 400, 400, 0.31, 0.31);
  private static final double FAR = 1e25;

  private static PowerFrontier frontier(ParametricLaw law, double halfWidth, double shift) {
    return IsoFlopFit.of(Synthetic.isoFlop(law, halfWidth, _ -> shift), Bootstrap.NONE).frontier();
  }

  private static double errorFarOut(ParametricLaw law, PowerFrontier frontier) {
    return frontier.parameters().at(FAR) / law.optimum(FAR).parameters() - 1;
  }

  @ParameterizedTest
  @CsvSource({"0.25, 0.00226", "0.5, 0.00907", "1.0, 0.03678"})
  void aCentredGridHasTheRightExponentAndABiasThatGrowsWithItsWidth(double halfWidth, double bias) {
    var frontier = frontier(Synthetic.HOFFMANN, halfWidth, 0);
    assertEquals(0.45161290, frontier.parameters().exponent(), 5e-9);
    assertEquals(bias, errorFarOut(Synthetic.HOFFMANN, frontier), 5e-6);
  }

  @ParameterizedTest
  @CsvSource({"0.25", "0.5", "1.0"})
  void equalExponentsOnACentredGridAreExact(double halfWidth) {
    var frontier = frontier(SYMMETRIC, halfWidth, 0);
    assertEquals(0.5, frontier.parameters().exponent(), 1e-10);
    assertEquals(0.5, frontier.tokens().exponent(), 1e-10);
    assertEquals(0, errorFarOut(SYMMETRIC, frontier), 1e-7);
  }

  @Test
  void aDriftingCentreBendsTheExponent() {
    assertEquals(0.50104, drifting(SYMMETRIC), 5e-6);
    assertEquals(0.45267, drifting(Synthetic.HOFFMANN), 5e-6);
  }

  private static double drifting(ParametricLaw law) {
    var runs = Synthetic.isoFlop(law, 0.5, budget -> -0.3 + 0.6 * budget / 8);
    return IsoFlopFit.of(runs, Bootstrap.NONE).frontier().parameters().exponent();
  }

  @ParameterizedTest
  @CsvSource({"0.5, 0, ''", "1.0, 0, WIDE_GRID", "0.5, 0.3, OFF_CENTRE", "0.5, 0.1, ''"})
  void itWarnsOfGridsThatBias(double halfWidth, double shift, String warning) {
    var runs = Synthetic.isoFlop(Synthetic.HOFFMANN, halfWidth, _ -> shift);
    var expected = warning.isEmpty() ? Set.<Warning>of() : EnumSet.of(Warning.valueOf(warning));
    assertEquals(expected, IsoFlopFit.of(runs, Bootstrap.NONE).warnings());
  }

  @Test
  void aBudgetWhoseOptimumLiesOutsideIsLeftOutWithAWarning() {
    var runs = Synthetic.isoFlop(SYMMETRIC, 0.4, budget -> budget == 4 ? 0.8 : 0);
    var fit = IsoFlopFit.of(runs, Bootstrap.NONE);
    assertEquals(EnumSet.of(Warning.OPTIMUM_OUTSIDE), fit.warnings());
    assertEquals(9, fit.slices().size());
    assertEquals(8, fit.slices().stream().filter(IsoFlopSlice::hasOptimum).count());
    assertEquals(0.5, fit.frontier().parameters().exponent(), 1e-10);
  }

  @Test
  void oneBudgetOrOptimaOutsideAreRefused() {
    var one = Synthetic.isoFlop(SYMMETRIC, 0.5, _ -> 0).all().subList(0, 15);
    assertRefused(one, "there are 1 such budgets, and the optimum lies inside 1");
    var outside = Synthetic.isoFlop(SYMMETRIC, 0.3, _ -> 1).all();
    assertRefused(outside, "there are 9 such budgets, and the optimum lies inside 0");
  }

  private static void assertRefused(List<TrainingRun> runs, String part) {
    var refusal =
        assertThrows(InvalidArgument.class, () -> IsoFlopFit.of(Runs.of(runs), Bootstrap.NONE));
    assertTrue(refusal.getMessage().contains(part), refusal.getMessage());
  }

  @Test
  void budgetsThatDifferByPerCentsAreOne() {
    var law = Synthetic.HOFFMANN;
    var runs =
        Synthetic.isoFlop(law, 0.4, _ -> 0).all().stream()
            .map(run -> jittered(run, 1 + 0.04 * Math.sin(run.parameters())))
            .toList();
    var slices = IsoFlopSlice.among(runs);
    assertEquals(9, slices.size());
    for (var slice : slices) assertEquals(15, slice.runs().size());
  }

  private static TrainingRun jittered(TrainingRun run, double factor) {
    return TrainingRun.of(run.parameters(), run.tokens() * factor, run.loss());
  }

  @Test
  void theBootstrapDrawsWithinBudgetsAndIsTheSameForTheSameSeed() {
    var runs = Runs.of(Synthetic.runs(Synthetic.HOFFMANN, 6, 9, 0.002, 3));
    var samples = IsoFlopFit.of(runs, new Bootstrap(40, 5)).samples();
    assertEquals(40, samples.size());
    assertEquals(samples, IsoFlopFit.of(runs, new Bootstrap(40, 5)).samples());
    assertNotEquals(samples, IsoFlopFit.of(runs, new Bootstrap(40, 6)).samples());
  }
}
