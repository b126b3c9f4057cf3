package dev.gatun.laws.emulator;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.grad.Tape;
import dev.gatun.memory.Device;
import dev.gatun.memory.Scope;
import dev.gatun.nn.Gpt;
import dev.gatun.nn.GptConfig;
import dev.gatun.optim.Hutchinson;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.util.Map;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// The FLOPs that a model says it takes, attention's apart, beside the products that run: each of
/// its matrices is met by as many in a walk, and by 2 FLOPs a weight in each of them.
@Tag("emulator")
class FlopCountsTest {
  private static final int LAYERS = 2;
  private static final int MATRICES = 4 * LAYERS + 1;
  private static final GptConfig CONFIG = GptConfig.of(LAYERS, 2, 8, 5, 7);

  /// Of a window in which no token looks back.
  private static final int NO_ATTENTION = 0;

  @AutoClose private final Device device = Device.emulated();
  private final Scope memory = device.scope();
  private final Gpt gpt = Gpt.create(CONFIG, memory, DType.F32, 3);
  private final Tensor tokens =
      Tensor.of(memory, Shape.of(2, 5), new int[] {0, 3, 6, 1, 2, 5, 5, 4, 0, 1});

  @Test
  void areTwoAWeightOfEachProduct() {
    try (var tape = Tape.open(device)) {
      var loss = new Tensor[1];
      long forward = products(() -> loss[0] = gpt.loss(tokens, tokens));
      long backward = products(() -> tape.backward(loss[0]));
      assertEquals(flops(forward + backward), CONFIG.flopsPerToken(NO_ATTENTION));
    }
    try (var tape = Tape.open(device)) {
      var loss = new Tensor[1];
      long forward = products(() -> loss[0] = gpt.loss(tokens, tokens));
      var hutchinson = new Hutchinson(gpt.parameters(), 7);
      long product = products(() -> hutchinson.add(tape, loss[0], 1));
      assertEquals(flops(forward + product), CONFIG.hessianProductFlopsPerToken(NO_ATTENTION));
    }
  }

  private static long products(Runnable work) {
    return Counts.sum(
        Emulator.counted(work).entrySet().stream()
            .filter(entry -> entry.getKey().startsWith("product_of"))
            .map(Map.Entry::getValue)
            .toList(),
        "launches");
  }

  private double flops(long products) {
    assertEquals(0, products % MATRICES);
    return 2.0 * products / MATRICES * weights();
  }

  /// Of all matrices but the positions, the head's rows as far as there are words.
  private long weights() {
    return gpt.parameters().names().stream()
        .filter(
            name -> gpt.parameters().get(name).shape().rank() == 2 && !name.equals("wpe.weight"))
        .mapToLong(name -> gpt.parameters().get(name).shape().with(0, gpt.storedRows(name)).count())
        .sum();
  }
}
