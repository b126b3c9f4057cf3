package dev.gatun.bench;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.memory.Device;
import org.junit.jupiter.api.Test;

/// Whose kernels a run measures.
class RunTest {
  @Test
  void opensTheDeviceThatIsAskedFor() {
    try (var device = new Run("cpu", 1, true, new Rows()).open()) {
      assertTrue(device.scope().isOpen());
    }
  }

  @Test
  void failsWhereAnotherBackendAnswers() {
    try (var device = Device.cpu(1)) {
      var scope = device.scope();
      assertThrows(BenchFailure.class, () -> Run.requireAsked(device, "cuda"));
      assertFalse(scope.isOpen());
    }
  }
}
