package dev.gatun.laws;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.memory.Device;
import dev.gatun.nn.Gpt;
import dev.gatun.nn.GptConfig;
import dev.gatun.optim.AdamW;
import dev.gatun.optim.Schedule;
import dev.gatun.store.GptCheckpoint;
import dev.gatun.tensor.DType;
import dev.gatun.train.Batches;
import dev.gatun.train.Tokens;
import dev.gatun.train.Trainer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Ten training steps of a tiny GPT-2, from the same weights, on the device under test and on the
/// CPU.
///
/// What separates two right implementations is rounding. How far that moves these losses is
/// measured where it is sure to be nothing else, the CPU in fp32 against the CPU in fp64, and is no
/// less than one rounding of each loss. The device may be three times as far from the CPU's fp64,
/// as
/// gradients may in the golden tests; in fp64, which rounds 2^29 times finer, 2^-29 of that.
@Tag("gpu")
class TenStepsTest {
  private static final GptConfig CONFIG = GptConfig.of(2, 2, 16, 12, 61);
  private static final double AS_FAR = 3;
  private static final double FINER = 0x1p-29;

  @TempDir Path folder;

  @BeforeEach
  void writeTheWeights() {
    try (var cpu = Device.cpu();
        var memory = cpu.scope()) {
      GptCheckpoint.write(folder, Gpt.create(CONFIG, memory, DType.F32, 5));
    }
  }

  @Test
  void theLossesFollowTheCpuAndAreTheSameAgain() {
    var exact = onTheCpu(DType.F64);
    assertTrue(exact[9] < exact[0] - 0.1, "nothing was learnt: " + Arrays.toString(exact));
    double once = 0x1p-24 * distance(exact, new double[10]);
    double rounding = Math.max(once, distance(onTheCpu(DType.F32), exact));
    var losses = onTheDevice(DType.F32);
    near("fp32", exact, losses, AS_FAR * rounding);
    near("fp64", exact, onTheDevice(DType.F64), AS_FAR * rounding * FINER);
    assertArrayEquals(losses, onTheDevice(DType.F32), "the same bits again");
  }

  private static void near(String what, double[] exact, double[] losses, double allowed) {
    double distance = distance(losses, exact);
    System.out.printf("ten steps in %s: %.3g away, %.3g allowed%n", what, distance, allowed);
    assertTrue(
        distance <= allowed,
        "%s: %.3g away, %.3g allowed: %s instead of %s"
            .formatted(what, distance, allowed, Arrays.toString(losses), Arrays.toString(exact)));
  }

  private static double distance(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) sum += (a[i] - b[i]) * (a[i] - b[i]);
    return Math.sqrt(sum);
  }

  private double[] onTheCpu(DType dtype) {
    try (var device = Device.cpu()) {
      return losses(device, dtype);
    }
  }

  private double[] onTheDevice(DType dtype) {
    try (var device = Devices.underTest()) {
      return losses(device, dtype);
    }
  }

  private double[] losses(Device device, DType dtype) {
    var gpt = GptCheckpoint.read(folder, device.scope(), dtype);
    var ids = new Random(1).ints(500, 0, 61).map(id -> id * id % 61).toArray();
    var batches = new Batches(Tokens.of(ids), 2, CONFIG.context(), 1);
    var adamw = new AdamW(gpt.parameters(), AdamW.Config.DEFAULTS);
    var trainer = new Trainer(gpt, adamw, Schedule.constant(3e-3), batches, 2);
    return DoubleStream.generate(() -> trainer.step().loss()).limit(10).toArray();
  }
}
