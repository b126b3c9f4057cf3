package dev.gatun.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Unsupported;
import dev.gatun.growth.Stacking;
import dev.gatun.laws.Bf16;
import dev.gatun.memory.Device;
import dev.gatun.memory.Scope;
import dev.gatun.optim.AdamW;
import dev.gatun.optim.Lion;
import dev.gatun.optim.OnDevice;
import dev.gatun.optim.Optimizer;
import dev.gatun.optim.Sophia;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Parameters in bf16: what they are kept as, and what optimizers make of them.
@Tag("backend")
class Bf16ParametersTest {
  private static final int SIZE = 64;

  private enum Rule {
    ADAMW,
    SOPHIA,
    LION
  }

  @AutoClose private final OnDevice on = new OnDevice();
  private final Device device = on.device();
  private final Scope memory = on.memory();

  /// A matrix that decays, a table and a vector that do not.
  private static Parameters.Declarations declared() {
    return Parameters.declare().plain("b", SIZE).matrix("w", SIZE, 3).plain("t", 5, SIZE);
  }

  @ParameterizedTest
  @EnumSource
  void matricesAndTablesAreBf16AndVectorsFp32(Rounding rounding) {
    long before = memory.usedBytes();
    var parameters = declared().allocate(memory, DType.BF16, rounding);
    assertEquals(DType.BF16, parameters.get("w").dtype());
    assertEquals(DType.BF16, parameters.get("t").dtype());
    assertEquals(DType.F32, parameters.get("b").dtype());
    long elements = (3 + 5 + 1) * SIZE;
    long masters = rounding == Rounding.NEAREST ? 8 * SIZE * 4 : 0;
    assertEquals(8 * SIZE * 2 + SIZE * 4 + masters, declared().weightBytes(DType.BF16, rounding));
    assertEquals(
        declared().weightBytes(DType.BF16, rounding) + elements * 4, memory.usedBytes() - before);
    assertEquals(elements, parameters.count());
    boolean mastered = rounding == Rounding.NEAREST;
    assertEquals(mastered ? DType.F32 : DType.BF16, parameters.master("w").dtype());
  }

  @Test
  void weightsAreTheNearestOfTheirMasters() {
    var parameters = declared().allocate(memory, DType.BF16);
    var exact = numbers(1, 3 * SIZE);
    parameters.master("w").copyFrom(exact);
    parameters.master("b").copyFrom(numbers(2, SIZE));
    parameters.round();
    assertNearest(parameters.master("w").toDoubles(), parameters.get("w"));
    assertArrayEquals(numbers(2, SIZE), parameters.get("b").toDoubles());
    assertArrayEquals(new double[5 * SIZE], parameters.get("t").toDoubles());
  }

  /// Bit for bit: the same masters and gradients, the same steps.
  @ParameterizedTest
  @EnumSource
  void mastersMoveAsFp32WeightsDo(Rule rule) {
    var narrow = declared().allocate(memory, DType.BF16);
    var wide = declared().allocate(memory, DType.F32);
    for (var name : wide.names()) {
      var start = numbers(name.hashCode(), (int) wide.get(name).shape().count());
      narrow.master(name).copyFrom(start);
      wide.get(name).copyFrom(start);
    }
    narrow.round();
    var ofNarrow = optimizer(rule, narrow);
    var ofWide = optimizer(rule, wide);
    for (int step = 1; step <= 3; step++) {
      for (var each : new Parameters[] {narrow, wide}) putGradients(each, step);
      ofNarrow.step(0.01);
      ofWide.step(0.01);
    }
    for (var name : wide.names()) {
      assertArrayEquals(
          wide.get(name).toDoubles(), narrow.master(name).toDoubles(), rule + " of " + name);
    }
    assertNearest(narrow.master("w").toDoubles(), narrow.get("w"));
    assertNearest(narrow.master("t").toDoubles(), narrow.get("t"));
    if (ofNarrow instanceof Sophia sophia) {
      assertEquals(((Sophia) ofWide).unclippedShare(), sophia.unclippedShare());
    }
  }

  /// A hundred moves down by 1e-4 from 1, of which each is a thirtieth of a bf16's last place
  /// below 1: rounded to nearest one by one they would all be lost. The mean of weights that are
  /// rounded at random errs by less than five deviations, each of half a last place at most.
  @ParameterizedTest
  @EnumSource
  void smallUpdatesAreNotLost(Rounding rounding) {
    int count = 64 * 1024;
    var parameters =
        Parameters.declare().matrix("w", 64, 1024).allocate(memory, DType.BF16, rounding);
    var ones = new double[count];
    Arrays.fill(ones, 1);
    parameters.master("w").copyFrom(ones);
    parameters.round();
    var lion = new Lion(parameters, new Lion.Config(0, 0, 0, Double.POSITIVE_INFINITY));
    for (int step = 0; step < 100; step++) {
      gradient(parameters, "w").copyFrom(ones);
      parameters.get("w").slot().orElseThrow().fresh(false);
      lion.step(1e-4);
    }
    double mean = Arrays.stream(parameters.get("w").toDoubles()).average().orElseThrow();
    double place = Bf16.UNIT / 2;
    double allowed =
        rounding == Rounding.NEAREST
            ? place / 2
            : 5 * 10 * place / 2 / Math.sqrt(count) + 100 * Math.ulp(1f);
    assertEquals(0.99, mean, allowed);
  }

  @Test
  void growthIsRefused() {
    var gpt = Gpt.create(GptConfig.of(1, 1, 8, 4, 16), memory, DType.BF16, 1);
    var said =
        assertThrows(
            Unsupported.class,
            () -> new Stacking().grow(gpt, GptConfig.of(2, 1, 8, 4, 16), memory));
    assertTrue(said.getMessage().contains("BF16"), said::getMessage);
  }

  private static Optimizer optimizer(Rule rule, Parameters parameters) {
    double never = Double.POSITIVE_INFINITY;
    return switch (rule) {
      case ADAMW -> new AdamW(parameters, AdamW.Config.DEFAULTS.withMaxNorm(never));
      case SOPHIA -> new Sophia(parameters, Sophia.Config.HUTCHINSON.withMaxNorm(never));
      case LION -> new Lion(parameters, Lion.Config.DEFAULTS.withMaxNorm(never));
    };
  }

  private static void putGradients(Parameters parameters, int step) {
    for (var name : parameters.names()) {
      var gradient = gradient(parameters, name);
      gradient.copyFrom(numbers(31 * step + name.hashCode(), (int) gradient.shape().count()));
      parameters.get(name).slot().orElseThrow().fresh(false);
    }
  }

  private static Tensor gradient(Parameters parameters, String name) {
    var tensor = parameters.get(name);
    var place = tensor.slot().orElseThrow().gradient();
    return Tensor.over(parameters.scope(), place, parameters.dtype().wide(), tensor.shape(), null);
  }

  /// Floats.
  private static double[] numbers(long seed, int count) {
    var random = new Random(seed);
    return random.doubles(count, -1, 1).map(x -> (float) x).toArray();
  }

  private static void assertNearest(double[] exact, Tensor rounded) {
    assertArrayEquals(Arrays.stream(exact).map(Bf16::nearest).toArray(), rounded.toDoubles());
  }
}
