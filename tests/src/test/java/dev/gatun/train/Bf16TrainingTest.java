package dev.gatun.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.grad.Direction;
import dev.gatun.grad.HessianVector;
import dev.gatun.grad.Tape;
import dev.gatun.memory.Device;
import dev.gatun.memory.Scope;
import dev.gatun.nn.Gpt;
import dev.gatun.nn.GptConfig;
import dev.gatun.nn.Rounding;
import dev.gatun.nn.WeightVector;
import dev.gatun.optim.AdamW;
import dev.gatun.optim.OnDevice;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Random;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// A GPT in bf16 has the gradient and the curvature of the same weights in fp64, but for what its
/// activations lose, and learns as one in fp32 does.
@Tag("backend")
class Bf16TrainingTest {
  private static final GptConfig CONFIG = GptConfig.of(2, 2, 32, 12, 61);
  private static final int ROWS = 4;

  /// The deviation of one rounding to 8 bits, relative to what is rounded.
  private static final double ROUNDING = 0x1p-9 / Math.sqrt(3);

  /// What a gradient passes that is stored in bf16: two ways of ten activations a layer, and three
  /// more at either end.
  private static final int STORED = 2 * (10 * CONFIG.layers() + 3);

  @AutoClose private final OnDevice on = new OnDevice();
  private final Device device = on.device();
  private final Scope memory = on.memory();

  @Test
  void theGradientIsThatOfFp64ButForRoundings() {
    var narrow = Gpt.create(CONFIG, memory, DType.BF16, 7);
    var exact = sameWeights(narrow);
    for (var gpt : new Gpt[] {narrow, exact}) backward(gpt, 3);
    double error =
        apart(
            WeightVector.overGradients(narrow).toDoubles(),
            WeightVector.overGradients(exact).toDoubles());
    assertRounded(error, STORED);
  }

  /// Along signs, which bf16 holds.
  @Test
  void theHessianProductIsThatOfFp64ButForRoundings() {
    var narrow = Gpt.create(CONFIG, memory, DType.BF16, 7);
    var exact = sameWeights(narrow);
    for (var gpt : new Gpt[] {narrow, exact}) {
      gpt.parameters().forgetGradients();
      try (var tape = Tape.open(device)) {
        HessianVector.along(signs(gpt)).inPlaceOfGradients().of(tape, loss(gpt, 3), 1);
      }
      gpt.parameters().settle();
    }
    double error =
        apart(
            WeightVector.overGradients(narrow).toDoubles(),
            WeightVector.overGradients(exact).toDoubles());
    assertRounded(error, 4 * STORED);
  }

  /// Both see the same windows; 40 steps take the loss from ln 61 to far below. Over 48 models the
  /// losses at the end lay 1.3 % apart in the mean square, with masters and without; at twice the
  /// rate 5 %.
  @ParameterizedTest
  @EnumSource
  @Tag("long-emulated")
  void learnsAsFp32Does(Rounding rounding) {
    double narrow = trained(DType.BF16, rounding);
    double wide = trained(DType.F32, rounding);
    assertTrue(wide < 0.5 * Math.log(CONFIG.vocabulary()), "fp32 ends at " + wide);
    assertEquals(wide, narrow, 0.05 * wide);
    assertTrue(wide != narrow, "bf16 ends at the same loss, to the bit");
  }

  private double trained(DType dtype, Rounding rounding) {
    var gpt = Gpt.create(CONFIG, memory, dtype, rounding, 7);
    var adamw = new AdamW(gpt.parameters(), AdamW.Config.DEFAULTS);
    double last = 0;
    for (int step = 0; step < 40; step++) {
      try (var tape = Tape.open(device)) {
        var loss = loss(gpt, step % 2);
        tape.backward(loss);
        last = loss.item();
      }
      adamw.step(5e-3);
    }
    return last;
  }

  /// In fp64, the weights that products of this one read.
  private Gpt sameWeights(Gpt narrow) {
    var exact = Gpt.blank(CONFIG, memory, DType.F64);
    for (var name : narrow.parameters().names()) {
      exact.parameters().get(name).copyFrom(narrow.parameters().get(name).toDoubles());
    }
    return exact;
  }

  private static Direction signs(Gpt gpt) {
    var parts = new HashMap<Tensor, Tensor>();
    for (var name : gpt.parameters().names()) {
      var parameter = gpt.parameters().get(name);
      var random = new Random(name.hashCode());
      var part = Tensor.uninitialized(parameter.scope(), parameter.dtype(), parameter.shape());
      part.copyFrom(random.doubles(parameter.shape().count()).map(x -> x < 0.5 ? -1 : 1).toArray());
      parts.put(parameter, part);
    }
    return Direction.of(parts);
  }

  private void backward(Gpt gpt, int seed) {
    gpt.parameters().forgetGradients();
    try (var tape = Tape.open(device)) {
      tape.backward(loss(gpt, seed));
    }
    gpt.parameters().settle();
  }

  private Tensor loss(Gpt gpt, int seed) {
    var shape = Shape.of(ROWS, CONFIG.context());
    int count = Math.toIntExact(shape.count());
    var scope = device.innermost();
    var ids = new Random(seed).ints(2L * count, 0, CONFIG.vocabulary()).toArray();
    return gpt.loss(
        Tensor.of(scope, shape, Arrays.copyOf(ids, count)),
        Tensor.of(scope, shape, Arrays.copyOfRange(ids, count, 2 * count)));
  }

  /// The length of what they differ by, relative to that of `exact`.
  private static double apart(double[] found, double[] exact) {
    double difference = 0;
    double whole = 0;
    for (int i = 0; i < exact.length; i++) {
      difference += (found[i] - exact[i]) * (found[i] - exact[i]);
      whole += exact[i] * exact[i];
    }
    return Math.sqrt(difference / whole);
  }

  /// As many roundings, each independent of the others, make an error of this size; fp32 would make
  /// none that is seen.
  private static void assertRounded(double error, int roundings) {
    double expected = ROUNDING * Math.sqrt(roundings);
    assertTrue(
        error > 0.1 * ROUNDING && error < 3 * expected,
        () -> "%.3g where roundings make %.3g".formatted(error, expected));
  }
}
