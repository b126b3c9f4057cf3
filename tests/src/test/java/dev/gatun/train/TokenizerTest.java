package dev.gatun.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class TokenizerTest {
  private final Tokenizer bytes = new ByteTokenizer();

  @Test
  void aByteIsAToken() {
    assertArrayEquals(new int[] {72, 0xc3, 0xa9, 0xe2, 0x82, 0xac, 10}, bytes.encode("Hé€\n"));
    assertEquals(256, bytes.vocabulary());
    assertEquals('\n', bytes.separator());
  }

  @Test
  void decodingUndoesEncoding() {
    var text = "plain, é, €, 漢字, 😀, \u0000 and \uFFFD";
    assertEquals(text, bytes.decode(bytes.encode(text)));
  }

  @Test
  void anIdThatIsNoByteIsRefused() {
    assertEquals(
        "token 256 lies outside the byte vocabulary of 256",
        assertThrows(BadData.class, () -> bytes.decode(256)).getMessage());
    assertThrows(BadData.class, () -> bytes.decode(-1));
  }

  @Test
  void aStreamGivesACharacterWhenItsLastByteArrives() {
    var stream = new Utf8Stream();
    assertEquals("a", stream.push(new byte[] {'a'}));
    assertEquals("", stream.push(new byte[] {(byte) 0xe2}));
    assertEquals("", stream.push(new byte[] {(byte) 0x82}));
    assertEquals("€b", stream.push(new byte[] {(byte) 0xac, 'b'}));
    assertEquals("", stream.end());
  }

  @Test
  void anUnfinishedCharacterIsReplacedAtTheEnd() {
    var stream = new Utf8Stream();
    assertEquals("", stream.push(new byte[] {(byte) 0xe2, (byte) 0x82}));
    assertEquals("\uFFFD", stream.end());
    assertEquals("new", stream.push("new".getBytes(StandardCharsets.UTF_8)));
  }

  @Test
  void anyBytesInAnyPiecesDecodeAsAllAtOnce() {
    var random = new Random(7);
    for (int round = 0; round < 2000; round++) {
      var all = round % 2 == 0 ? randomBytes(random) : brokenText(random);
      var stream = new Utf8Stream();
      var text = new StringBuilder();
      for (int at = 0; at < all.length; ) {
        int end = Math.min(all.length, at + random.nextInt(4));
        text.append(stream.push(Arrays.copyOfRange(all, at, end)));
        at = end;
      }
      assertEquals(new String(all, StandardCharsets.UTF_8), text.append(stream.end()).toString());
    }
  }

  private static byte[] randomBytes(Random random) {
    var bytes = new byte[random.nextInt(40)];
    random.nextBytes(bytes);
    return bytes;
  }

  private static byte[] brokenText(Random random) {
    var bytes = "añ€😀漢 ".repeat(3).getBytes(StandardCharsets.UTF_8);
    bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
    return Arrays.copyOf(bytes, random.nextInt(bytes.length));
  }
}
