package dev.gatun.optim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.grad.Tape;
import dev.gatun.laws.Devices;
import dev.gatun.memory.Device;
import dev.gatun.memory.Scope;
import dev.gatun.nn.Gpt;
import dev.gatun.nn.GptConfig;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Sophia's count of what it does not clip is of the weights of a model, whose tables are larger
/// than its vocabulary.
@Tag("backend")
class SophiaOnGptTest {
  private static final int VOCABULARY = 7;

  @AutoClose private final Device device = Devices.underTest();
  private final Scope memory = device.scope();

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void theUnclippedShareIsOfTheWeights(boolean tied) {
    var shared = GptConfig.of(1, 2, 8, 4, VOCABULARY);
    var config = tied ? shared : shared.withUntiedHead();
    assertTrue(config.paddedVocabulary() > VOCABULARY);
    var gpt = Gpt.create(config, memory, DType.F64, 3);
    LargerWeights.addTo(gpt.parameters(), new SplittableRandom(5));
    var sophia = new Sophia(gpt.parameters(), Sophia.Config.HUTCHINSON.withGamma(0.1));
    var hutchinson = new Hutchinson(gpt.parameters(), 11);
    try (var tape = Tape.open(device)) {
      var tokens = Tensor.of(tape, Shape.of(2, 4), new int[] {0, 3, 6, 1, 2, 5, 5, 4});
      var targets = Tensor.of(tape, Shape.of(2, 4), new int[] {3, 6, 1, 0, 2, 5, 4, 0});
      var both = hutchinson.differentiate(tape, gpt.loss(tokens, targets));
      sophia.refresh(both.diagonal());
    }
    sophia.step(0.01);
    var m = weights(gpt, sophia.state().get("m"));
    var h = weights(gpt, sophia.state().get("h"));
    double unclipped = 0;
    for (int i = 0; i < m.length; i++) {
      if (Math.abs(m[i]) < Math.max(0.1 * h[i], 1e-12)) unclipped++;
    }
    assertTrue(unclipped > 0 && unclipped < m.length / 2.0, unclipped + " of " + m.length);
    assertEquals(unclipped / m.length, sophia.unclippedShare());
  }

  private double[] weights(Gpt gpt, MemorySegment arena) {
    var parameters = gpt.parameters();
    return DenseCurvature.flat(
        gpt,
        parameter -> {
          for (var name : parameters.names()) {
            if (parameters.get(name) != parameter) continue;
            var at = memory.at(arena, parameters.offset(name) * Double.BYTES);
            return Tensor.over(memory, at, DType.F64, parameter.shape(), null);
          }
          throw new AssertionError("no parameter");
        });
  }
}
