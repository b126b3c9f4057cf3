package dev.gatun.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.grad.Tape;
import dev.gatun.laws.Devices;
import dev.gatun.memory.Device;
import dev.gatun.nn.Gpt;
import dev.gatun.nn.GptConfig;
import dev.gatun.optim.AdamW;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.util.Random;
import java.util.function.Supplier;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Ten training steps on the device under test follow those of the CPU: in fp32 no further from the
/// CPU's fp64 run than three times what its fp32 run is, in fp64 26 bits closer.
@Tag("device")
class TrainingAgreementTest {
  private static final int STEPS = 10;
  private static final int BATCH = 2;
  private static final int CONTEXT = 17;
  private static final int VOCABULARY = 61;
  private static final double SINGLE_TO_DOUBLE = 0x1p-26;

  @Test
  void tenStepsFollowTheCpu() {
    var exact = losses(Device::cpu, DType.F64);
    double allowed = 3 * distance(losses(Device::cpu, DType.F32), exact);
    assertTrue(exact[STEPS - 1] < exact[0] - 0.5, "the loss falls");
    double single = distance(losses(Devices::underTest, DType.F32), exact);
    assertTrue(single <= allowed, () -> "fp32: %.3g of %.3g".formatted(single, allowed));
    double wide = distance(losses(Devices::underTest, DType.F64), exact);
    assertTrue(
        wide <= allowed * SINGLE_TO_DOUBLE,
        () -> "fp64: %.3g of %.3g".formatted(wide, allowed * SINGLE_TO_DOUBLE));
  }

  @Test
  void twoRunsHaveTheSameBits() {
    var first = losses(Devices::underTest, DType.F32);
    var second = losses(Devices::underTest, DType.F32);
    for (int step = 0; step < STEPS; step++) assertEquals(first[step], second[step]);
  }

  private static double[] losses(Supplier<Device> open, DType dtype) {
    try (var device = open.get();
        var memory = device.scope()) {
      var config = GptConfig.of(2, 2, 24, CONTEXT, VOCABULARY);
      var gpt = Gpt.create(config, memory, dtype, 7);
      var adamw = new AdamW(gpt.parameters(), AdamW.Config.DEFAULTS);
      var random = new Random(11);
      var shape = Shape.of(BATCH, CONTEXT);
      int[] tokens = random.ints(BATCH * CONTEXT, 0, VOCABULARY).toArray();
      int[] targets = random.ints(BATCH * CONTEXT, 0, VOCABULARY).toArray();
      var losses = new double[STEPS];
      for (int step = 0; step < STEPS; step++) {
        try (var tape = Tape.open(device)) {
          var loss = gpt.loss(Tensor.of(tape, shape, tokens), Tensor.of(tape, shape, targets));
          tape.backward(loss);
          losses[step] = loss.item();
        }
        adamw.step(0.01);
      }
      return losses;
    }
  }

  private static double distance(double[] a, double[] b) {
    double squares = 0;
    for (int i = 0; i < a.length; i++) squares += (a[i] - b[i]) * (a[i] - b[i]);
    return Math.sqrt(squares);
  }
}
