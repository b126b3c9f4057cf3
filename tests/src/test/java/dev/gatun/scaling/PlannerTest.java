package dev.gatun.scaling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.InvalidArgument;
import dev.gatun.nn.GptConfig;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Concrete models, bills, bands, audits and warnings.
class PlannerTest {
  /// A layer more or less is a step of 1 / L at most, so half of it, and a little for usual
  /// proportions, is the farthest that the best may be; all are within a quarter.
  @ParameterizedTest
  @ValueSource(doubles = {2e4, 1e6, 124e6, 1.5e9, 7.2e10, 6e11})
  void shapesNearASizeComeCloseAndAreWhole(double size) {
    var shapes = Shapes.near(size, size < 1e7 ? 256 : 50257, size < 1e7 ? 64 : 1024, 3);
    var first = shapes.getFirst();
    assertTrue(miss(first, size) < 0.55 / (first.layers() - 1), first.toString());
    for (var shape : shapes) {
      assertTrue(miss(shape, size) < Math.log(1.25), shape.toString());
      assertEquals(0, shape.width() % shape.heads());
    }
    assertEquals(shapes.size(), shapes.stream().distinct().count());
  }

  private static double miss(GptConfig shape, double size) {
    return Math.abs(Math.log(shape.parameterCount() / size));
  }

  @Test
  void sizesBeyondAllMachinesHaveNoShape() {
    assertEquals(List.of(), Shapes.near(1e30, 50257, 1024, 3));
    assertEquals(List.of(), Shapes.near(100, 50257, 1024, 3));
  }

  @Test
  void gpt2sOwnSizeFindsGpt2() {
    var found = Shapes.near(124.4e6, 50257, 1024, 1).getFirst();
    assertEquals(List.of(12, 12, 768), List.of(found.layers(), found.heads(), found.width()));
    assertEquals(124_439_808, found.parameterCount());
  }

  @Test
  void aBudgetPaysForTheTokensOfTheCountAskedFor() {
    for (var count : FlopCount.values()) {
      var plan = Planner.plan(Requests.of(new Goal.Flops(1e20), count));
      for (var candidate : plan.candidates()) {
        double flops = count.perToken(TransformerShape.of(candidate.config()));
        assertEquals(1e20, flops * candidate.tokens(), 1e8, count.word());
      }
    }
  }

  /// 989.4e12 * 0.4 * 3600 s = 1.424736e18 FLOPs an hour; 0.7 kW * 1.56 * 473 g = 516.516 g.
  @Test
  void aBillByHand() {
    double flops = Gpu.H200.flops(1000, 0.4, Precision.BF16);
    assertEquals(1.424736e21, flops, 1e9);
    assertEquals(1000, Gpu.H200.hours(flops, 0.4, Precision.BF16), 1e-9);
    var bill = Bill.of(Gpu.H200, 1000, Bill.Rates.DEFAULTS);
    assertEquals(2500, bill.dollars(), 1e-9);
    assertEquals(1092, bill.kilowattHours(), 1e-9);
    assertEquals(516.516, bill.kilogramsCo2(), 1e-9);
    assertThrows(InvalidArgument.class, () -> Gpu.H200.hours(1e20, 1.1, Precision.BF16));
    assertThrows(InvalidArgument.class, () -> Gpu.named("h300"));
    assertThrows(InvalidArgument.class, () -> new Bill.Rates(2, 0, 1));
  }

  /// Weights and a bf16 copy of all but biases and norms, gradients in fp32, two arenas of state:
  /// 18 bytes a parameter; Lion has one arena less. N = 124,439,808 and 47 * 768 padding in the
  /// token table; 13 * 768 in the vectors of a layer, and two more behind the last. Beside the
  /// state lie the norm, the rate, the step and the key of rounding.
  @Test
  void theMemoryOfMixedPrecisionByHand() {
    var config = Shapes.near(124.4e6, 50257, 1024, 1).getFirst();
    long elements = 124_439_808 + 47 * 768;
    var adamw = MemoryNeed.of(config, 1, Precision.BF16, OptimizerState.ADAMW);
    long vectors = (12 * 13 + 2) * 768;
    assertEquals(6 * elements - 2 * vectors, adamw.weights());
    assertEquals(4 * elements, adamw.gradients());
    assertEquals(8 * elements + 36, adamw.optimizer());
    var lion = MemoryNeed.of(config, 1, Precision.BF16, OptimizerState.LION);
    assertEquals(4 * elements + 36, lion.optimizer());
    assertEquals(adamw.activations(), lion.activations());
    var fp32 = MemoryNeed.of(config, 1, Precision.FP32, OptimizerState.SGD);
    assertEquals(4 * elements, fp32.weights());
    assertEquals(0, fp32.optimizer());
    assertTrue(fp32.activations() > 1.8 * adamw.activations());
  }

  /// The published 0.018, 1.2816 of it for 80 %, over ln(1e24 / 1.3454e20) = 8.9137.
  @Test
  void theBandOfEpoch2024IsThatOfItsExponent() {
    var band = Planner.plan(Requests.of(new Goal.Flops(1e24), 1)).band().orElseThrow();
    double factor = Math.exp(1.2815516 * 0.018 * 8.91373);
    assertEquals(9.586065e10 * factor, band.parameters().high(), 1e6);
    assertEquals(9.586065e10 / factor, band.parameters().low(), 1e6);
    assertEquals(18.1371 * factor * factor, band.tokensPerParameter().high(), 1e-3);
    assertTrue(band.basis().contains("80 %") && band.basis().contains("4 to 40"), band.basis());
    assertTrue(NamedLaw.HOFFMANN_2022.spread().band(EPOCH, 1e24).isEmpty());
  }

  private static final ParametricLaw EPOCH = NamedLaw.EPOCH_2024.law();

  @ParameterizedTest
  @CsvSource({"1e21, false", "1.29e24, false", "1.31e24, true", "1.5e16, false", "1.3e16, true"})
  void twoDecadesBeyondTheRunsAWarningComes(double flops, boolean warns) {
    var warnings = Planner.plan(Requests.of(new Goal.Flops(flops), 1)).warnings();
    assertEquals(
        warns ? List.of("extrapolation") : List.of(),
        warnings.stream().map(Caution::name).toList());
  }

  @Test
  void manyEpochsAreWarnedOf() {
    var few = Requests.of(new Goal.Flops(1e21), new Circumstance.Limited(3e10));
    assertEquals(List.of(), Planner.plan(few).warnings());
    var many = Requests.of(new Goal.Flops(1e21), new Circumstance.Limited(1e9));
    assertEquals("repeated-data", Planner.plan(many).warnings().getFirst().name());
  }

  @ParameterizedTest
  @CsvSource({
    "gopher, UNDERTRAINED, 5.04e23",
    "gpt3, UNDERTRAINED, 3.15e23",
    "chinchilla, NEAR_OPTIMAL, 5.88e23"
  })
  void thePublishedModelsAgainstTheirOwnCompute(String name, Audit.Verdict verdict, double flops) {
    var known =
        Audit.Known.ALL.stream().filter(model -> model.name().equals(name)).findFirst().get();
    var audit = Audit.of(EPOCH, name, known.parameters(), known.tokens());
    assertEquals(verdict, audit.verdict());
    assertEquals(1, audit.actual().flops() / flops, 1e-12);
    assertEquals(EPOCH.optimum(flops).loss(), audit.optimum().loss(), 1e-12);
    assertEquals(audit.actual().loss(), audit.needed().loss(), 1e-12);
    assertTrue(audit.wastedShare() > 0 && audit.excessLoss() > 0);
  }

  @Test
  void aSmallModelTrainedForLongIsOvertrainedAndAnUntrainedOneNothing() {
    assertEquals(Audit.Verdict.OVERTRAINED, Audit.of(EPOCH, "llama", 8e9, 15e12).verdict());
    assertThrows(InvalidArgument.class, () -> Audit.of(EPOCH, "new", 8e9, 0));
  }
}
