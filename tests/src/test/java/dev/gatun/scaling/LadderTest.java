package dev.gatun.scaling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.InvalidArgument;
import java.util.HashSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/// A ladder's grid.
class LadderTest {
  private static final Ladder LADDER = Ladder.design(request(4.8e14));

  private static Ladder.Request request(double flops) {
    return new Ladder.Request(flops, 3, 10, 4, 0.5, 20, 256, 64, 16);
  }

  @Test
  void aDozenByteModelsFrom30kTo3M() {
    assertEquals(12, LADDER.rungs().size());
    assertEquals(12, LADDER.rungs().stream().map(Ladder.Rung::name).distinct().count());
    long least = LADDER.rungs().stream().mapToLong(Ladder.Rung::parameters).min().getAsLong();
    long most = LADDER.rungs().stream().mapToLong(Ladder.Rung::parameters).max().getAsLong();
    assertTrue(least > 25_000 && least < 36_000, "the smallest has " + least);
    assertTrue(most > 2.9e6 && most < 3.4e6, "the largest has " + most);
  }

  @Test
  void theRunsSpendTheBudgetAndEachBudgetIsTheSameForItsSizes() {
    assertEquals(1, LADDER.flops() / 4.8e14, 2e-3);
    for (var rung : LADDER.rungs()) {
      assertEquals(rung.parameters(), rung.config().parameterCount());
      assertEquals(rung.steps() * 16 * 64, rung.tokens());
      double step = 6.0 * rung.parameters() * 16 * 64;
      assertEquals(rung.flops(), 6.0 * rung.parameters() * rung.tokens(), 0.5001 * step);
    }
  }

  /// The middle of a budget, in the logarithm of N, lies where D / N is 20, in every budget:
  /// within a quarter of the distance from a size to the next.
  @Test
  void everyBudgetIsCentred() {
    var budgets =
        LADDER.rungs().stream().collect(Collectors.groupingBy(Ladder.Rung::flops)).entrySet();
    assertEquals(3, budgets.size());
    for (var budget : budgets) {
      var middle =
          budget.getValue().stream()
              .mapToDouble(rung -> Math.log10(rung.parameters()))
              .average()
              .getAsDouble();
      assertEquals(Math.log10(Math.sqrt(budget.getKey() / 120)), middle, 0.25 / 3, "of " + budget);
      assertEquals(4, new HashSet<>(budget.getValue()).size());
    }
  }

  @Test
  void theRatesAreThoseOfTheProjectsOwnSmallModels() {
    for (var rung : LADDER.rungs()) {
      if (rung.parameters() == 834_304) assertEquals(0.003, rung.rate(), 2e-5);
      assertTrue(rung.rate() <= 0.01 && rung.rate() > 0.0018, "the rate is " + rung.rate());
    }
  }

  @Test
  void whatGivesNoLadderIsRefused() {
    assertThrows(InvalidArgument.class, () -> Ladder.design(request(1e11)));
    assertThrows(InvalidArgument.class, () -> request(-1));
    assertThrows(
        InvalidArgument.class, () -> new Ladder.Request(1e14, 3, 1, 4, 0.5, 20, 256, 64, 16));
    assertThrows(
        InvalidArgument.class, () -> new Ladder.Request(1e14, 3, 10, 2, 0.5, 20, 256, 64, 16));
    var coarse = new Ladder.Request(1e13, 1, 2, 3, 0.3, 20, 256, 64, 4096);
    var refusal = assertThrows(InvalidArgument.class, () -> Ladder.design(coarse));
    assertTrue(refusal.getMessage().contains("smaller batch"), refusal.getMessage());
  }
}
