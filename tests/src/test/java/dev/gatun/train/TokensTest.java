package dev.gatun.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TokensTest {
  /// Lengths around the 4096 ids that are copied at a time.
  private static final int[] LENGTHS = {1, 2, 4095, 4096, 4097, 12_345};

  @ParameterizedTest
  @ValueSource(ints = {2, 255, 256, 257, 50257, 65536, 65537, 200_000})
  void whatGoesInComesOutWhateverItsWidth(int vocabulary) {
    for (int length : LENGTHS) {
      var ids = ids(length, vocabulary);
      var tokens = Tokens.of(ids);
      var back = new int[length];
      tokens.copy(0, back);
      assertArrayEquals(ids, back);
      assertEquals(length, tokens.count());
      assertEquals(ids[length - 1], tokens.at(length - 1));
      assertEquals(IntStream.of(ids).max().getAsInt(), tokens.largest());
    }
  }

  @Test
  void aCopyStartsAndEndsAnywhere() {
    var ids = ids(10_000, 1000);
    var into = new int[5000];
    Tokens.of(ids).copy(4321, into, 7, 4990);
    for (int i = 0; i < 4990; i++) assertEquals(ids[4321 + i], into[7 + i]);
    assertEquals(0, into[6]);
    assertEquals(0, into[4997]);
  }

  @Test
  void aCopyPastEitherEndIsRefused() {
    var tokens = Tokens.of(1, 2, 3);
    assertThrows(IndexOutOfBoundsException.class, () -> tokens.copy(1, new int[3]));
    assertThrows(IndexOutOfBoundsException.class, () -> tokens.copy(-1, new int[1]));
    assertThrows(IndexOutOfBoundsException.class, () -> tokens.copy(0, new int[2], 1, 2));
    assertThrows(IndexOutOfBoundsException.class, () -> tokens.at(3));
  }

  @ParameterizedTest
  @ValueSource(ints = {256, 1000, 100_000})
  void aSliceIsTheSameTokensFromElsewhere(int vocabulary) {
    var ids = ids(9000, vocabulary);
    var slice = Tokens.of(ids).slice(4000, 8999).slice(100, 4999);
    assertEquals(4899, slice.count());
    assertEquals(ids[4100], slice.at(0));
    assertEquals(ids[8998], slice.at(4898));
  }

  @Test
  void bytesAreUnsigned() {
    assertEquals(255, Tokens.of(new byte[] {(byte) 255}).at(0));
    assertEquals(200, Tokens.of(new byte[] {100, (byte) 200, 0}).largest());
  }

  @Test
  void noTokensHaveNoLargest() {
    assertEquals(-1, Tokens.of(new int[0]).largest());
  }

  @Test
  void aTokenOutsideTheVocabularyIsNamedWithItsPosition() {
    var ids = new int[10_000];
    ids[8191] = 49_999;
    ids[8192] = 50_000;
    ids[9000] = 60_000;
    var tokens = Tokens.of(ids);
    tokens.requireWithin(60_001);
    var refusal = assertThrows(BadData.class, () -> tokens.requireWithin(50_000));
    assertEquals(
        "tokens in memory: token 50000 at position 8192 lies outside the vocabulary of 50000",
        refusal.getMessage());
  }

  @Test
  void bytesMayLieOutsideASmallVocabulary() {
    var tokens = Tokens.of(new byte[] {10, 63, 64});
    tokens.requireWithin(65);
    tokens.requireWithin(256);
    tokens.requireWithin(50257);
    var refusal = assertThrows(BadData.class, () -> tokens.requireWithin(64));
    assertEquals(
        "bytes in memory: token 64 at position 2 lies outside the vocabulary of 64",
        refusal.getMessage());
  }

  @Test
  void aNegativeIdIsRefused() {
    assertThrows(BadData.class, () -> Tokens.of(1, -1));
  }

  @Test
  void aSinkKeepsOrderAcrossWidthsAndGrowth() {
    var expected = IntStream.concat(IntStream.of(ids(5000, 200)), IntStream.of(ids(7000, 50257)));
    try (var sink = new TokenSink(50257, 1)) {
      sink.add(Tokens.of(ids(5000, 200)));
      sink.add(Tokens.of(ids(7000, 50257)));
      try (var tokens = sink.finish("both")) {
        var back = new int[12_000];
        tokens.copy(0, back);
        assertArrayEquals(expected.toArray(), back);
        assertEquals(12_000, tokens.count());
      }
    }
  }

  private static int[] ids(int length, int vocabulary) {
    return IntStream.range(0, length)
        .map(i -> (int) Long.remainderUnsigned(Mix.hash(vocabulary, i), vocabulary))
        .toArray();
  }
}
