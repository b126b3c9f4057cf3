package dev.gatun.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.gatun.InvalidArgument;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class WindowsTest {
  @Test
  void aWindowBeginsAtTheLastTokenOfTheOneBefore() {
    var batches = new Windows(counting(100), 4).first(2, 3);
    assertEquals(3, batches.size());
    assertArrayEquals(IntStream.range(0, 8).toArray(), batches.get(0).inputs());
    assertArrayEquals(IntStream.range(1, 9).toArray(), batches.get(0).targets());
    assertArrayEquals(IntStream.range(16, 24).toArray(), batches.get(2).inputs());
    assertArrayEquals(IntStream.range(17, 25).toArray(), batches.get(2).targets());
  }

  @Test
  void everyTokenButTheFirstIsPredictedOnce() {
    for (int count = 4; count < 40; count++) {
      var windows = new Windows(counting(count), 3);
      var targets =
          windows.all(4).stream().flatMapToInt(batch -> IntStream.of(batch.targets())).toArray();
      assertArrayEquals(IntStream.rangeClosed(1, (count - 1) / 3 * 3).toArray(), targets);
    }
  }

  @Test
  void countIsTheNumberOfWholeWindows() {
    assertEquals(1, new Windows(counting(5), 4).count());
    assertEquals(1, new Windows(counting(8), 4).count());
    assertEquals(2, new Windows(counting(9), 4).count());
    assertEquals(99, new Windows(counting(100), 1).count());
  }

  @Test
  void spreadWindowsReachFromOneEndToTheOther() {
    var windows = new Windows(counting(10 * 1000 + 1), 10);
    var starts = starts(windows.spread(5, 4), 10);
    assertEquals(20, starts.size());
    for (int i = 0; i < 20; i++) assertEquals(i * 50 * 10, starts.get(i));
  }

  @Test
  void ofFewWindowsAllAreTaken() {
    var batches = new Windows(counting(31), 10).spread(2, 8);
    assertEquals(List.of(0, 10, 20), starts(batches, 10));
    assertEquals(2, batches.get(0).rows());
    assertEquals(1, batches.get(1).rows());
  }

  @Test
  void moreWindowsThanThereAreAreRefusedWithTheNumbers() {
    var windows = new Windows(counting(31), 10);
    assertEquals(3, windows.first(1, 3).size());
    assertEquals(
        "tokens in memory holds 3 windows of context 10; 2 batches of 2 ask for 4",
        assertThrows(BadData.class, () -> windows.first(2, 2)).getMessage());
    assertThrows(InvalidArgument.class, () -> windows.first(0, 2));
  }

  @Test
  void dataShorterThanAWindowIsRefused() {
    assertEquals(
        "tokens in memory holds 10 tokens; a window of context 10 needs 11",
        assertThrows(BadData.class, () -> new Windows(counting(10), 10)).getMessage());
  }

  private static Tokens counting(int count) {
    return Tokens.of(IntStream.range(0, count).toArray());
  }

  private static List<Integer> starts(List<Batch> batches, int time) {
    return batches.stream()
        .flatMap(
            batch -> IntStream.range(0, batch.rows()).mapToObj(row -> batch.inputs()[row * time]))
        .toList();
  }
}
