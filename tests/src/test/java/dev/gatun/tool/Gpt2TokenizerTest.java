package dev.gatun.tool;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.train.BadData;
import dev.gatun.train.Corpus;
import dev.gatun.train.Utf8Stream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class Gpt2TokenizerTest {
  private final Gpt2Tokenizer gpt2 = new Gpt2Tokenizer();

  @Test
  void textBecomesTheIdsThatGpt2Knows() {
    assertArrayEquals(new int[] {15496, 11, 995, 0}, gpt2.encode("Hello, world!"));
    assertArrayEquals(
        new int[] {464, 2068, 7586, 21831, 18045, 625, 262, 16931, 3290},
        gpt2.encode("The quick brown fox jumps over the lazy dog"));
    assertArrayEquals(new int[] {628}, gpt2.encode("\n\n"));
    assertEquals(50257, gpt2.vocabulary());
    assertEquals(50256, gpt2.separator());
  }

  @Test
  void theEndOfTextInATextIsJustText() {
    assertArrayEquals(new int[] {27, 91, 437, 1659, 5239, 91, 29}, gpt2.encode("<|endoftext|>"));
    assertEquals("<|endoftext|>", gpt2.decode(50256));
  }

  @Test
  void decodingUndoesEncoding() {
    var random = new Random(1);
    for (int round = 0; round < 200; round++) {
      var text =
          random
              .ints(random.nextInt(60), 1, 0x11000)
              .filter(c -> c < 0xd800 || c > 0xdfff)
              .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
              .toString();
      assertEquals(text, gpt2.decode(gpt2.encode(text)));
    }
  }

  @Test
  void aCharacterOfManyTokensAppearsWhole() {
    var stream = new Utf8Stream();
    var ids = gpt2.encode("漢😀");
    var seen = new StringBuilder();
    for (int id : ids) {
      var text = stream.push(gpt2.bytes(id));
      assertEquals(-1, text.indexOf('\uFFFD'));
      seen.append(text);
    }
    assertEquals("漢😀", seen.append(stream.end()).toString());
    assertTrue(ids.length > 2);
  }

  @Test
  void anIdOutsideTheVocabularyIsRefused() {
    assertEquals(
        "token 50257 lies outside GPT-2's vocabulary of 50257",
        assertThrows(BadData.class, () -> gpt2.decode(50257)).getMessage());
    assertThrows(BadData.class, () -> gpt2.bytes(-1));
  }

  @Test
  void aFileReadInPiecesHasTheTokensOfItsWholeText(@TempDir Path folder) throws IOException {
    var random = new Random(9);
    String[] parts = {
      "word", " ", "\n", "\n\n", "  ", "\t", "é", "\u00a0", "don't", "42", "_;{", "\r\n"
    };
    var text = new StringBuilder();
    while (text.length() < 2_300_000) text.append(parts[random.nextInt(parts.length)]);
    var file = Files.writeString(folder.resolve("messy.txt"), text);
    try (var tokens = Corpus.whole(file, gpt2)) {
      var ids = new int[Math.toIntExact(tokens.count())];
      tokens.copy(0, ids);
      assertArrayEquals(gpt2.encode(text.toString()), ids);
    }
  }
}
