package dev.gatun.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.grad.Tape;
import dev.gatun.laws.Devices;
import dev.gatun.memory.Device;
import dev.gatun.nn.Gpt;
import dev.gatun.nn.GptConfig;
import dev.gatun.nn.Parameters;
import dev.gatun.nn.Rounding;
import dev.gatun.optim.AdamW;
import dev.gatun.optim.Lion;
import dev.gatun.optim.Optimizer;
import dev.gatun.optim.Sophia;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// An optimizer that was saved and resumed goes on as if it had not been, to the bit.
@Tag("backend")
class OptimizerCheckpointTest {
  private static final GptConfig CONFIG = GptConfig.of(1, 2, 16, 12, 61);

  private static final Map<String, Function<Parameters, Optimizer>> OPTIMIZERS =
      Map.of(
          "adamw", parameters -> new AdamW(parameters, AdamW.Config.DEFAULTS),
          "sophia", parameters -> new Sophia(parameters, corrected()),
          "lion", parameters -> new Lion(parameters, Lion.Config.DEFAULTS));

  @TempDir Path folder;

  @AutoClose private Device device;

  @BeforeEach
  void open() {
    device = Devices.underTest();
  }

  /// With corrections that see how often the curvature was refreshed.
  private static Sophia.Config corrected() {
    return Sophia.Config.BARTLETT.withCorrections(true, true);
  }

  @ParameterizedTest
  @CsvSource({
    "adamw, F32, NEAREST",
    "sophia, F32, NEAREST",
    "lion, F32, NEAREST",
    "adamw, BF16, NEAREST",
    "sophia, BF16, NEAREST",
    "adamw, BF16, STOCHASTIC",
    "lion, BF16, STOCHASTIC"
  })
  void resumedEqualsContinued(String name, DType dtype, Rounding rounding) {
    var whole = Gpt.create(CONFIG, device.scope(), dtype, rounding, 5);
    var continued = OPTIMIZERS.get(name).apply(whole.parameters());
    for (int step = 0; step < 3; step++) step(whole, continued, step);
    GptCheckpoint.write(folder, whole);
    OptimizerCheckpoint.write(folder, whole, continued);
    for (int step = 3; step < 6; step++) step(whole, continued, step);

    var again = GptCheckpoint.read(folder, device.scope(), dtype, rounding);
    var resumed = OPTIMIZERS.get(name).apply(again.parameters());
    OptimizerCheckpoint.read(folder, again, resumed, 3);
    for (int step = 3; step < 6; step++) step(again, resumed, step);
    assertEquals(6, resumed.steps());
    assertEquals(continued.counters(), resumed.counters());
    for (var parameter : whole.parameters().names()) {
      assertArrayEquals(
          whole.parameters().get(parameter).toFloats(),
          again.parameters().get(parameter).toFloats(),
          parameter);
    }
  }

  @Test
  void aCheckpointWithoutItsCounterIsRefused() throws Exception {
    var gpt = Gpt.create(CONFIG, device.scope(), DType.F32, 5);
    var sophia = OPTIMIZERS.get("sophia").apply(gpt.parameters());
    OptimizerCheckpoint.write(folder, gpt, sophia);
    var file = folder.resolve(OptimizerCheckpoint.NAME);
    var bytes = Files.readString(file, StandardCharsets.ISO_8859_1);
    Files.writeString(
        file, bytes.replace("\"refreshes\"", "\"refrishes\""), StandardCharsets.ISO_8859_1);
    var refusal =
        assertThrows(BadFile.class, () -> OptimizerCheckpoint.read(folder, gpt, sophia, 0));
    assertTrue(refusal.getMessage().contains("refreshes"), refusal::getMessage);
  }

  /// Every other step refreshes Sophia's curvature first, as if the batch's labels were sampled.
  private void step(Gpt gpt, Optimizer optimizer, int step) {
    if (optimizer instanceof Sophia sophia && step % 2 == 0) {
      backward(gpt, 100 + step);
      try (var host = Arena.ofConfined()) {
        var counted = gpt.parameters().scope().longs(1);
        gpt.parameters()
            .scope()
            .copyToDevice(counted, host.allocateFrom(ValueLayout.JAVA_LONG, 24L));
        sophia.refreshBartlett(counted);
      }
    }
    backward(gpt, step);
    optimizer.step(0.01);
  }

  private void backward(Gpt gpt, int seed) {
    var random = new Random(seed);
    try (var tape = Tape.open(device)) {
      var shape = Shape.of(2, 12);
      var tokens = Tensor.of(tape, shape, random.ints(24, 0, 61).toArray());
      var targets = Tensor.of(tape, shape, random.ints(24, 0, 61).toArray());
      tape.backward(gpt.loss(tokens, targets));
    }
  }
}
