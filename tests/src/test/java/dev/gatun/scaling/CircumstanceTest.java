package dev.gatun.scaling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.InvalidArgument;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Models that will be served, data that run out, savings that were measured.
class CircumstanceTest {
  private static final ParametricLaw PRINTED = NamedLaw.HOFFMANN_2022.law();
  private static final ParametricLaw EPOCH = NamedLaw.EPOCH_2024.law();

  @ParameterizedTest
  @CsvSource({"1e11, 6.339e9, 5.180e11, 1.108", "2e12, 3.548e9, 1.1055e12, 2.364"})
  void servedTokensShrinkTheModel(double served, double size, double tokens, double longer) {
    var base = new Frontier(PRINTED).atParameters(7e9);
    assertEquals(1, base.tokens() / 467.67e9, 2e-5);
    assertEquals(2.094440, base.loss(), 5e-7);
    var plan = ServingPlan.of(PRINTED, base, served, 1);
    assertEquals(1, plan.chosen().parameters() / size, 1.5e-4);
    assertEquals(1, plan.chosen().tokens() / tokens, 1.5e-4);
    assertEquals(longer, plan.chosen().tokens() / base.tokens(), 5e-4);
    assertEquals(base.loss(), plan.chosen().loss(), 1e-12);
  }

  @Test
  void theServingExamplesOfTheOtherConstantsAndOfTheTotal() {
    var tex = NamedLaw.HOFFMANN_TEX.law();
    var base = new Frontier(tex).atParameters(7e9);
    var plan = ServingPlan.of(tex, base, 1e11, 1);
    assertEquals(1, plan.chosen().parameters() / 6.055e9, 1.5e-4);
    assertEquals(1.164, plan.chosen().tokens() / base.tokens(), 5e-4);
    var much = ServingPlan.of(PRINTED, new Frontier(PRINTED).atParameters(7e9), 2e12, 1);
    assertEquals(0.7918, much.totalFlops() / much.totalFlopsOfCompute(), 5e-5);
  }

  @Test
  void noOtherModelOfThatLossIsCheaperToTrainAndServe() {
    var base = new Frontier(EPOCH).atFlops(1e22);
    var plan = ServingPlan.of(EPOCH, base, 1e12, 2);
    for (double factor : new double[] {0.9, 0.999, 1.001, 1.1}) {
      double size = plan.chosen().parameters() * factor;
      double rest = base.loss() - EPOCH.e() - EPOCH.a() * Math.pow(size, -EPOCH.alpha());
      double tokens = Math.pow(EPOCH.b() / rest, 1 / EPOCH.beta());
      assertTrue(6 * size * tokens + 2 * size * 1e12 * 2 > plan.totalFlops(), "factor " + factor);
    }
  }

  @ParameterizedTest
  @CsvSource({"2, 1.9682", "4, 3.7257", "8, 6.6241", "16, 10.5825", "40, 15.1675"})
  void tokensSeenAgainAreWorthLess(double epochs, double worth) {
    assertEquals(worth, RepeatPlan.effective(epochs, 1, RepeatPlan.TOKEN_DECAY), 5e-5);
    var plan = RepeatPlan.at(EPOCH, 1e8, epochs * 1e9, 1e9);
    assertEquals(epochs, plan.epochs(), 1e-12);
    assertEquals(worth * 1e9, plan.effectiveTokens(), 5e4);
  }

  /// 1 + 5.309743 (1 - exp(-1 / 5.309743)) = 1.911477 for twice the size that the tokens deserve.
  @Test
  void parametersBeyondWhatTheTokensDeserveAreWorthLess() {
    double deserved = new Frontier(EPOCH).atTokens(1e9).parameters();
    var plan = RepeatPlan.at(EPOCH, 2 * deserved, 4e9, 1e9);
    assertEquals(1.911477, plan.effectiveParameters() / deserved, 5e-7);
    double loss = EPOCH.loss(plan.effectiveParameters(), plan.effectiveTokens());
    assertEquals(loss, plan.allocation().loss());
  }

  @Test
  void enoughTokensLeaveTheOptimumAsItIs() {
    var best = EPOCH.optimum(1e21);
    var plan = RepeatPlan.of(EPOCH, 1e21, best.tokens() * 1.001);
    assertEquals(1, plan.allocation().parameters() / best.parameters(), 1e-12);
    assertEquals(best.loss(), plan.allocation().loss(), 1e-12);
    assertEquals(1 / 1.001, plan.epochs(), 1e-9);
  }

  @ParameterizedTest
  @ValueSource(doubles = {1e9, 1e10, 5e10})
  void withFewTokensTheChosenModelIsTheBestOfAScan(double unique) {
    var plan = RepeatPlan.of(EPOCH, 1e21, unique);
    assertTrue(plan.allocation().parameters() < EPOCH.optimum(1e21).parameters());
    assertTrue(plan.epochs() > 1);
    for (double decades = -4; decades <= 4; decades += 0.001) {
      double size = plan.allocation().parameters() * Math.pow(10, decades);
      var other = RepeatPlan.at(EPOCH, size, 1e21 / (6 * size), unique);
      assertTrue(other.allocation().loss() >= plan.allocation().loss() - 1e-12, "size " + size);
    }
  }

  /// A saving of s turns a budget C into the law's s C, of which the tokens are an s-th.
  @Test
  void aSavingTakesTokensAway() {
    var plain = EPOCH.optimum(1.5e21);
    var saved = Planner.plan(Requests.of(new Goal.Flops(1e21), 1.5)).chosen();
    assertEquals(1, saved.parameters() / plain.parameters(), 1e-9);
    assertEquals(1.5, plain.tokens() / saved.tokens(), 1e-9);
    assertEquals(plain.loss(), saved.loss(), 1e-12);
    assertEquals(1e21, saved.flops(), 1e9);
  }

  @Test
  void whatCannotBeIsRefused() {
    var base = EPOCH.optimum(1e21);
    assertThrows(InvalidArgument.class, () -> ServingPlan.of(EPOCH, base, 0, 1));
    assertThrows(InvalidArgument.class, () -> ServingPlan.of(EPOCH, base, 1, Double.NaN));
    assertThrows(InvalidArgument.class, () -> RepeatPlan.of(EPOCH, 1e21, -1));
    assertThrows(InvalidArgument.class, () -> Requests.of(new Goal.Flops(1e21), 0));
    var limited = Requests.of(new Goal.Tokens(1e9), new Circumstance.Limited(1e8));
    assertThrows(InvalidArgument.class, () -> Planner.plan(limited));
  }
}
