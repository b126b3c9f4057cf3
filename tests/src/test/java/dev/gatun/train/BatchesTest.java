package dev.gatun.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.InvalidArgument;
import java.util.HashSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class BatchesTest {
  /// Token i has id i, so a batch shows where it was cut.
  private static final Tokens COUNTING = Tokens.of(IntStream.range(0, 10_000).toArray());

  @Test
  void rowsAreWindowsAndTargetsAreOneTokenOn() {
    var batches = new Batches(COUNTING, 5, 7, 42);
    var batch = batches.at(3, 1);
    assertEquals(35, batch.inputs().length);
    for (int row = 0; row < 5; row++) {
      long position = batches.position(3, 1, row);
      for (int t = 0; t < 7; t++) {
        assertEquals(position + t, batch.inputs()[row * 7 + t]);
        assertEquals(position + t + 1, batch.targets()[row * 7 + t]);
      }
    }
  }

  @Test
  void aStepReadsTheSameHoweverItWasReached() {
    var steady = new Batches(COUNTING, 4, 16, 9);
    for (long step = 0; step < 100; step++) steady.at(step, 0);
    var resumed = new Batches(COUNTING, 4, 16, 9);
    assertArrayEquals(steady.at(100, 2).inputs(), resumed.at(100, 2).inputs());
    assertArrayEquals(steady.at(7, 0).targets(), resumed.at(7, 0).targets());
  }

  @Test
  void seedStepMicroStepAndRowEachMoveThePosition() {
    var long1 = Tokens.of(new byte[1 << 24]);
    var seen = new HashSet<Long>();
    for (long seed = 0; seed < 5; seed++) {
      var batches = new Batches(long1, 5, 8, seed);
      for (long step = 0; step < 5; step++) {
        for (int micro = 0; micro < 5; micro++) {
          for (int row = 0; row < 5; row++) seen.add(batches.position(step, micro, row));
        }
      }
    }
    // 625 draws from 2^24 places: 0.01 collisions expected.
    assertEquals(625, seen.size());
  }

  @Test
  void everyPlaceIsEquallyLikelyFromTheFirstToTheLast() {
    int places = 100;
    var batches = new Batches(Tokens.of(new byte[places + 8]), 10, 8, 1);
    var counts = new int[places];
    for (long step = 0; step < 5000; step++) {
      for (int micro = 0; micro < 2; micro++) {
        for (int row = 0; row < 10; row++) {
          counts[Math.toIntExact(batches.position(step, micro, row))]++;
        }
      }
    }
    double chiSquare = 0;
    for (int count : counts) chiSquare += (count - 1000.0) * (count - 1000.0) / 1000.0;
    // 99 degrees of freedom: one in a thousand lies above 148.2.
    assertTrue(chiSquare < 148.2, "chi-square " + chiSquare);
  }

  @Test
  void dataOfExactlyOneWindowHasOnePlace() {
    var batches = new Batches(Tokens.of(1, 2, 3, 4), 2, 3, 0);
    assertArrayEquals(new int[] {1, 2, 3, 1, 2, 3}, batches.at(5, 5).inputs());
    assertArrayEquals(new int[] {2, 3, 4, 2, 3, 4}, batches.at(5, 5).targets());
  }

  @Test
  void dataShorterThanAWindowIsRefusedWithTheNumbers() {
    assertEquals(
        "tokens in memory holds 3 tokens; a window of context 3 needs 4",
        assertThrows(BadData.class, () -> new Batches(Tokens.of(1, 2, 3), 1, 3, 0)).getMessage());
    assertThrows(InvalidArgument.class, () -> new Batches(COUNTING, 0, 3, 0));
    assertThrows(InvalidArgument.class, () -> new Batches(COUNTING, 1, 0, 0));
  }
}
