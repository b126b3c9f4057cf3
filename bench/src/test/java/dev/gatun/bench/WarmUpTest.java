package dev.gatun.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/// A work that becomes faster by stages, by a clock that it moves itself.
class WarmUpTest {
  private static final long SECOND = 1_000_000_000;

  private long now;

  /// As a JIT does that is kept waiting: each stage is steady for more than a second.
  @Test
  void waitsForTheLastStage() {
    double seconds = warmed(1.5, 3);
    assertTrue(seconds >= 5 && seconds < 5.1, () -> "warm after " + seconds);
  }

  @Test
  void endsWhereNothingBecomesFaster() {
    double seconds = warmed(10, 13);
    assertTrue(seconds >= 2 && seconds < 2.1, () -> "warm after " + seconds);
  }

  /// Seconds taken by a work of 25 µs that takes 10 from `second` on, and 4 from `third` on.
  private double warmed(double second, double third) {
    now = 0;
    new WarmUp(() -> now).run(() -> now += now < second * SECOND ? 25_000 : later(third));
    return now / (double) SECOND;
  }

  private long later(double third) {
    return now < third * SECOND ? 10_000 : 4_000;
  }

  @Test
  void goesOnForNothingLessThanAFiftieth() {
    var runs = new int[1];
    new WarmUp(() -> now).run(() -> now += ++runs[0] % 2 == 0 ? 1_000_000 : 990_000);
    assertEquals(2, now / SECOND);
  }
}
