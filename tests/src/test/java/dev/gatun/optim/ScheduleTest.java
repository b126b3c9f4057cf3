package dev.gatun.optim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.InvalidArgument;
import org.junit.jupiter.api.Test;

class ScheduleTest {
  @Test
  void aConstantIsTheSameAtEveryStep() {
    var rate = Schedule.constant(3e-4);
    assertEquals(3e-4, rate.at(0));
    assertEquals(3e-4, rate.at(1L << 40));
  }

  @Test
  void aCosineGoesThroughItsWorkedPoints() {
    var rate = Schedule.warmupCosine(3, 11, 8, 2);
    double[] expected = {
      2,
      4,
      6, // 8 · 1/4, 8 · 2/4, 8 · 3/4
      8, // cos 0 = 1
      2 + 3 * (1 + 0.9238795325112867), // cos π/8
      2 + 3 * (1 + 0.7071067811865476), // cos π/4
      2 + 3 * (1 + 0.3826834323650898), // cos 3π/8
      5, // cos π/2 = 0
      2 + 3 * (1 - 0.3826834323650898),
      2 + 3 * (1 - 0.7071067811865476),
      2 + 3 * (1 - 0.9238795325112867),
      2,
      2
    };
    for (int step = 0; step < expected.length; step++) {
      assertEquals(expected[step], rate.at(step), 1e-14, "step " + step);
    }
    assertEquals(2, rate.at(1_000_000));
  }

  @Test
  void theRecipeOfGpt2PeaksAfterWarmUpAndEndsAtItsFloor() {
    var rate = Schedule.warmupCosine(2_000, 100_000, 6e-4, 3e-5);
    assertEquals(6e-4 / 2001, rate.at(0), 1e-18);
    assertEquals(6e-4, rate.at(2_000), 1e-18);
    assertEquals((6e-4 + 3e-5) / 2, rate.at(51_000), 1e-18);
    assertEquals(3e-5, rate.at(100_000), 1e-18);
    assertTrue(rate.at(99_999) > 3e-5);
  }

  @Test
  void aStableStretchDecaysByOneMinusTheRoot() {
    var rate = Schedule.warmupStableDecay(1, 30, 16, 10, 1);
    assertEquals(5, rate.at(0), 1e-14);
    for (int step = 1; step <= 14; step++) assertEquals(10, rate.at(step), 1e-14);
    assertEquals(1 + 9 * (1 - 0.25), rate.at(15), 1e-14); // √(1/16)
    assertEquals(1 + 9 * 0.5, rate.at(18), 1e-14); // √(4/16)
    assertEquals(1 + 9 * 0.25, rate.at(23), 1e-14); // √(9/16)
    assertEquals(1, rate.at(30), 1e-14);
    assertEquals(1, rate.at(31), 1e-14);
  }

  @Test
  void noWarmUpBeginsAtThePeak() {
    assertEquals(4, Schedule.warmupCosine(0, 10, 4, 0).at(0), 1e-14);
    assertEquals(4, Schedule.warmupStableDecay(0, 10, 0, 4, 0).at(9), 1e-14);
    assertEquals(0, Schedule.warmupStableDecay(0, 10, 0, 4, 0).at(10), 1e-14);
  }

  @Test
  void afterWarmUpTheRateNeverRises() {
    for (var rate :
        new Schedule[] {
          Schedule.warmupCosine(50, 1000, 1, 0.1), Schedule.warmupStableDecay(50, 1000, 200, 1, 0.1)
        }) {
      for (int step = 0; step < 50; step++) assertTrue(rate.at(step) < rate.at(step + 1));
      for (int step = 50; step < 1100; step++) assertTrue(rate.at(step) >= rate.at(step + 1));
    }
  }

  @Test
  void whatCannotBeScheduledIsRefused() {
    assertEquals(
        "a schedule of 100 steps has no room for 90 of warm-up and 20 of decay",
        assertThrows(InvalidArgument.class, () -> Schedule.warmupStableDecay(90, 100, 20, 1, 0))
            .getMessage());
    assertThrows(InvalidArgument.class, () -> Schedule.warmupCosine(11, 10, 1, 0));
    assertThrows(InvalidArgument.class, () -> Schedule.warmupCosine(-1, 10, 1, 0));
    assertThrows(InvalidArgument.class, () -> Schedule.warmupCosine(1, 10, 1, 2));
    assertThrows(InvalidArgument.class, () -> Schedule.constant(Double.NaN));
    assertThrows(InvalidArgument.class, () -> Schedule.constant(-1));
  }
}
