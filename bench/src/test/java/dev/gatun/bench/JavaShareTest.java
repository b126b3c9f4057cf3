package dev.gatun.bench;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/// Java's own part of a step beside the whole step.
class JavaShareTest {
  private final JavaShare.Share share = new JavaShare.Share(27.4, 0.22);

  @Test
  void isLessThanTheStep() {
    assertDoesNotThrow(() -> share.requirePartOf(160, 137));
  }

  @Test
  void mayBeAllOfItAsFarAsTwoProcessesDiffer() {
    assertDoesNotThrow(() -> share.requirePartOf(27, 0.21));
  }

  @Test
  void failsWhereItIsMore() {
    var eager = assertThrows(BenchFailure.class, () -> share.requirePartOf(10.2, 4.54));
    assertTrue(eager.getMessage().contains("27.4"), eager.getMessage());
    assertThrows(BenchFailure.class, () -> share.requirePartOf(160, 0.1));
  }
}
