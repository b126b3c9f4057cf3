package dev.gatun.bench;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.gatun.memory.Device;
import dev.gatun.nn.Rounding;
import dev.gatun.tensor.DType;
import java.util.List;
import org.junit.jupiter.api.Test;

/// How far a step moves weights is looked at before it is timed.
class OptimizerCheckTest {
  private static final long WEIGHTS = 4096;
  private static final List<String> NAMES = List.of("adamw", "sophia", "lion");

  @Test
  void passesStepsInEachType() {
    check(DType.F32, Rounding.NEAREST);
    check(DType.BF16, Rounding.NEAREST);
    check(DType.BF16, Rounding.STOCHASTIC);
  }

  private static void check(DType type, Rounding rounding) {
    try (var device = Device.cpu(1)) {
      for (var name : NAMES) {
        assertDoesNotThrow(() -> OptimizerCheck.require(device, WEIGHTS, name, type, rounding));
      }
    }
  }

  @Test
  void failsAWeightThatIsElsewhere() {
    var right = new double[] {0.01, -0.02};
    assertDoesNotThrow(() -> OptimizerCheck.requireEach("some", right, right));
    var found = new double[] {0.01, -0.0201};
    assertThrows(BenchFailure.class, () -> OptimizerCheck.requireEach("some", found, right));
  }

  @Test
  void failsAWeightThatIsNoNeighbour() {
    var right = new double[] {0.01, -0.02};
    var near = new double[] {0.01005, -0.0199};
    assertDoesNotThrow(() -> OptimizerCheck.requireNeighbours("some", near, right));
    var far = new double[] {0.01, -0.0203};
    assertThrows(BenchFailure.class, () -> OptimizerCheck.requireNeighbours("some", far, right));
  }

  @Test
  void failsMovesThatAreTogetherTooShort() {
    var right = new double[] {1, -2, 3};
    var noisy = new double[] {1.3, -2.1, 2.9};
    assertDoesNotThrow(() -> OptimizerCheck.requireTogether("some", noisy, right));
    var tooShort = new double[] {0.9, -1.8, 2.7};
    assertThrows(BenchFailure.class, () -> OptimizerCheck.requireTogether("some", tooShort, right));
  }
}
