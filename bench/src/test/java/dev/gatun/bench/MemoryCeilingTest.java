package dev.gatun.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.bench.MemoryCeiling.Rung;
import java.util.List;
import org.junit.jupiter.api.Test;

/// What memory yields to arrays of a size, from what it yielded to others.
class MemoryCeilingTest {
  private static final double CLOSE = 1e-9;

  private final MemoryCeiling ceiling =
      new MemoryCeiling(
          List.of(new Rung(1 << 10, 30, 90), new Rung(1 << 14, 50, 40), new Rung(1 << 16, 20, 10)));

  @Test
  void isTheBetterOfBothWaysOnARung() {
    assertEquals(90, ceiling.at(1 << 10), CLOSE);
    assertEquals(50, ceiling.at(1 << 14), CLOSE);
    assertEquals(20, ceiling.at(1 << 16), CLOSE);
  }

  @Test
  void liesBetweenRungsByTheLogarithmOfTheBytes() {
    assertEquals(80, ceiling.at(1 << 11), CLOSE);
    assertEquals(35, ceiling.at(1 << 15), CLOSE);
  }

  @Test
  void isThatOfTheNearestRungOutsideTheLadder() {
    assertEquals(90, ceiling.at(1), CLOSE);
    assertEquals(20, ceiling.at(1 << 30), CLOSE);
  }

  @Test
  void keepsTheFasterOfTwoPasses() {
    var one = new MemoryCeiling(List.of(new Rung(1, 10, 20), new Rung(4, 7, 8)));
    var other = new MemoryCeiling(List.of(new Rung(1, 30, 1), new Rung(4, 6, 9)));
    var faster = List.of(new Rung(1, 30, 20), new Rung(4, 7, 9));
    assertEquals(faster, one.or(other).rungs());
  }

  @Test
  void measuresBothWaysOnEachRung() {
    var run = new Run("cpu", 1, true, new Rows());
    try (var device = run.open()) {
      var rungs = MemoryCeiling.measured(run, device).rungs();
      assertEquals(
          List.of(64L << 10, 256L << 10, 1L << 20), rungs.stream().map(Rung::bytes).toList());
      assertTrue(rungs.stream().allMatch(rung -> rung.copy() > 0 && rung.inPlace() > 0));
    }
  }
}
