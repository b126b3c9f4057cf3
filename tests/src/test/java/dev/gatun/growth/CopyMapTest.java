package dev.gatun.growth;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.InvalidArgument;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// What is a copy of what.
class CopyMapTest {
  @Test
  void mapsAreWhatTheySay() {
    assertEquals(List.of(0, 1, 2), CopyMap.same(3).sources());
    assertEquals(List.of(0, 1, 2, 0, 1), CopyMap.tiled(3, 5).sources());
    assertEquals(List.of(0, 0, 1, 1, 2), CopyMap.stretched(3, 5).sources());
    assertEquals(List.of(0, 1, 4, 5, 0, 1), new CopyMap(3, List.of(0, 2, 0)).inBlocks(2).sources());
    assertEquals(6, CopyMap.same(3).inBlocks(2).smaller());
  }

  @Test
  void countsSayHowManyCopiesThereAre() {
    assertArrayEquals(new int[] {2, 2, 1}, CopyMap.tiled(3, 5).counts());
    assertFalse(CopyMap.tiled(3, 5).isUniform());
    assertTrue(CopyMap.tiled(3, 6).isUniform());
    assertFalse(CopyMap.tiled(3, 6).isSame());
    assertTrue(CopyMap.tiled(3, 3).isSame());
    assertFalse(new CopyMap(2, List.of(1, 0)).isSame());
  }

  /// Of seven for three: each twice, one of them a third time.
  @Test
  void aDrawIsEvenAndItsSeedDecidesIt() {
    for (int seed = 0; seed < 20; seed++) {
      var map = CopyMap.drawn(3, 7, new Random(seed));
      assertEquals(List.of(0, 1, 2), map.sources().subList(0, 3));
      for (int count : map.counts()) assertTrue(count == 2 || count == 3, map.toString());
      assertTrue(CopyMap.drawn(50, 150, new Random(seed)).isUniform());
    }
    assertEquals(CopyMap.drawn(50, 90, new Random(1)), CopyMap.drawn(50, 90, new Random(1)));
    assertNotEquals(CopyMap.drawn(50, 90, new Random(1)), CopyMap.drawn(50, 90, new Random(2)));
  }

  @Test
  void aCopyOfNothingIsRefused() {
    assertThrows(InvalidArgument.class, () -> new CopyMap(3, List.of(0, 3)));
    assertThrows(InvalidArgument.class, () -> new CopyMap(3, List.of(-1)));
  }
}
