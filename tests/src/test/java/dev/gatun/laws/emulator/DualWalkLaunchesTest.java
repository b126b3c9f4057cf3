package dev.gatun.laws.emulator;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.grad.Tape;
import dev.gatun.memory.Device;
import dev.gatun.nn.Gpt;
import dev.gatun.nn.GptConfig;
import dev.gatun.optim.Hutchinson;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// The kernels behind gradient and diagonal, counted: over a GPT of two layers each norm and each
/// attention is pulled back once, with one tangent before and one of the pullback, and none runs
/// forwards again. A finite difference or a second gradient would launch them twice.
@Tag("emulator")
class DualWalkLaunchesTest {
  private static final int LAYERS = 2;
  private static final int NORMS = 2 * LAYERS + 1;
  private static final int PRODUCTS = 4 * LAYERS + 1;

  @Test
  void gradientAndDiagonalAreOneWalkForwardsAndOneBackwards() throws Throwable {
    try (var device = Device.emulated();
        var memory = device.scope()) {
      var gpt = Gpt.create(GptConfig.of(LAYERS, 2, 8, 5, 7), memory, DType.F32, 3);
      var hutchinson = new Hutchinson(gpt.parameters(), 7);
      try (var tape = Tape.open(device)) {
        var tokens = Tensor.of(tape, Shape.of(2, 5), new int[] {0, 3, 6, 1, 2, 5, 5, 4, 0, 1});
        var loss = gpt.loss(tokens, tokens);
        var spent = Emulator.counted(() -> hutchinson.differentiate(tape, loss));
        require(
            spent, 0, "attention_forward", "layernorm_forward", "softmax_cross_entropy_forward");
        require(spent, LAYERS, "attention_pullback_keys", "attention_pullback_queries");
        require(spent, LAYERS, "attention_tangent");
        require(
            spent, LAYERS, "attention_pullback_tangent_keys", "attention_pullback_tangent_queries");
        require(spent, NORMS, "layernorm_tangent");
        require(spent, NORMS, "layernorm_pullback_in", "layernorm_pullback_tangent");
        // A product has 2 in its tangent, 2 in its pullback, and 4 in the tangent of that.
        require(spent, 8 * PRODUCTS, "product_of");
      }
    }
  }

  private static void require(Map<String, Counts> spent, int launches, String... kernels) {
    for (var kernel : kernels) {
      var of =
          spent.entrySet().stream()
              .filter(entry -> entry.getKey().startsWith(kernel))
              .map(Map.Entry::getValue)
              .toList();
      assertEquals(launches, Counts.sum(of, "launches"), kernel + "… in " + spent.keySet());
    }
  }
}
