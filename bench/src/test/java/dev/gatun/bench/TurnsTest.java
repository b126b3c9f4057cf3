package dev.gatun.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Works in turns on a machine that is ten times as slow in one round.
class TurnsTest {
  private final List<String> order = new ArrayList<>();

  @Test
  void comparesWithinRounds() throws Exception {
    var times =
        new Turns().with("a", timed("a", 2, 40, 6)).with("b", timed("b", 1, 10, 2)).times(3, 5);
    assertEquals(3, times.rounds());
    assertEquals(6, times.of("a"));
    assertEquals(2, times.of("b"));
    assertEquals(3, times.ratio("a", "b"));
    assertEquals(4, times.difference("a", "b"));
  }

  @Test
  void someRoundsCanBeTakenAlone() throws Exception {
    var times =
        new Turns().with("a", timed("a", 2, 40, 6)).with("b", timed("b", 1, 10, 3)).times(3, 5);
    assertEquals(1, times.least("b"));
    assertEquals(10, times.most("b"));
    var fast = times.under("b", 5.5);
    assertEquals(2, fast.rounds());
    assertEquals(4, fast.of("a"));
    assertEquals(2, fast.ratio("a", "b"));
  }

  /// Ranks 40 and 61 of 100, 4 and 12 of 15, as tables of the sign test have them.
  @Test
  void tellsWithinWhatAMedianLies() {
    assertEquals(new Turns.Within(40, 61), ratios(100).ratioWithin("a", "b"));
    assertEquals(new Turns.Within(4, 12), ratios(15).ratioWithin("a", "b"));
    assertEquals(new Turns.Within(1, 3), ratios(3).ratioWithin("a", "b"));
  }

  /// From 1 to `rounds`, the largest first.
  private static Turns.Times ratios(int rounds) {
    var a = new double[rounds];
    var b = new double[rounds];
    for (int i = 0; i < rounds; i++) {
      b[i] = i + 1;
      a[i] = b[i] * (rounds - i);
    }
    return new Turns.Times(Map.of("a", a, "b", b));
  }

  @Test
  void roundsAreReversedAndPairsOfThemBeginWithAnother() throws Exception {
    var turns = new Turns();
    for (var name : List.of("a", "b", "c")) turns.with(name, timed(name, 1, 1, 1, 1, 1, 1));
    turns.times(6, 5);
    assertEquals("abc cba bca acb cab bac", rounds(3));
  }

  @Test
  void twoTakeTurnsToBegin() throws Exception {
    var turns = new Turns();
    for (var name : List.of("a", "b")) turns.with(name, timed(name, 1, 1, 1, 1));
    turns.times(4, 5);
    assertEquals("ab ba ba ab", rounds(2));
  }

  private String rounds(int works) {
    return String.join("", order).replaceAll(".{%d}(?=.)".formatted(works), "$0 ");
  }

  @Test
  void aWorkMayHaveItsOwnNumberOfRuns() throws Exception {
    var asked = new ArrayList<Integer>();
    new Turns()
        .with(
            "a",
            3,
            runs -> {
              asked.add(runs);
              return 1;
            })
        .times(2, 5);
    assertEquals(List.of(1, 3, 1, 3), asked);
  }

  /// The first run of each turn takes long, and must not be seen.
  private Turns.Timed timed(String name, double... microseconds) {
    var rounds = microseconds.clone();
    var at = new int[1];
    var warm = new boolean[1];
    return runs -> {
      warm[0] = !warm[0];
      assertEquals(warm[0] ? 1 : 5, runs);
      if (warm[0]) return 1e6;
      order.add(name);
      return rounds[at[0]++];
    };
  }
}
