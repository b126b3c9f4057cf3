package dev.gatun.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Token files made byte by byte, and every way to spoil one.
class TokenFileTest {
  @TempDir Path folder;

  @Test
  void aNanoGptFileIsLittleEndianUnsignedShorts() throws IOException {
    var file = write("0000 0100 ff00 0001 ff7f 0080 50c4 ffff");
    try (var tokens = TokenFile.open(file)) {
      assertArrayEquals(new int[] {0, 1, 255, 256, 32767, 32768, 50256, 65535}, all(tokens));
      assertEquals(65535, tokens.largest());
    }
  }

  @Test
  void anLlmCFileHasAHeaderBeforeItsTokens() throws IOException {
    // 20240520 is 0x0134d888; version 1; 3 tokens; then zeros up to byte 1024.
    var file = write("88d83401 01000000 03000000" + "00".repeat(1012) + "50c4 0700 ffff");
    try (var tokens = TokenFile.open(file)) {
      assertArrayEquals(new int[] {50256, 7, 65535}, all(tokens));
    }
  }

  @Test
  void theHeaderOfAnLlmCFileIsNeverTakenForTokens() throws IOException {
    var withHeader = Files.write(folder.resolve("llmc.bin"), llmC(20240520, 1, 1000, 1000));
    var without = Files.write(folder.resolve("nano.bin"), new byte[2000]);
    try (var a = TokenFile.open(withHeader);
        var b = TokenFile.open(without)) {
      assertEquals(1000, a.count());
      assertEquals(1000, b.count());
      assertArrayEquals(all(a), all(b));
    }
  }

  @Test
  void twoBytesAreOneToken() throws IOException {
    try (var tokens = TokenFile.open(write("3930"))) {
      assertArrayEquals(new int[] {12345}, all(tokens));
    }
  }

  @Test
  void aClosedFileCannotBeRead() throws IOException {
    var tokens = TokenFile.open(write("3930"));
    tokens.close();
    tokens.close();
    assertThrows(IllegalStateException.class, () -> tokens.at(0));
  }

  @Test
  void aMissingFileIsRefused() {
    assertRefused(folder.resolve("nowhere.bin"), "there is no file");
  }

  @Test
  void aFolderIsRefused() {
    assertRefused(folder, "is a folder, not a file of tokens");
  }

  @Test
  void anEmptyFileIsRefused() throws IOException {
    assertRefused(write(""), "is empty");
  }

  @Test
  void anOddNumberOfBytesIsRefused() throws IOException {
    assertRefused(write("01"), "is 1 bytes long, an odd number");
    assertRefused(write("0100 0200 03"), "is 5 bytes long, an odd number");
  }

  @Test
  void aTruncatedLlmCFileIsRefusedWithBothNumbers() throws IOException {
    assertRefused(
        write(llmC(20240520, 1, 10, 9)),
        "is truncated: its header promises 10 tokens, so 1044 bytes, but it has 1042");
    var oddlyCut = Arrays.copyOf(llmC(20240520, 1, 10, 10), 1024 + 19);
    assertRefused(write(oddlyCut), "is truncated");
  }

  @Test
  void anLlmCFileLongerThanItsHeaderSaysIsRefused() throws IOException {
    assertRefused(
        write(llmC(20240520, 1, 10, 11)), "is too long: its header promises 10 tokens, so 1044");
  }

  @Test
  void anLlmCFileCutInsideItsHeaderIsRefused() throws IOException {
    assertRefused(
        write(Arrays.copyOf(llmC(20240520, 1, 10, 10), 1022)), "this one ends after 1022");
    assertRefused(write(Arrays.copyOf(llmC(20240520, 1, 10, 10), 4)), "this one ends after 4");
  }

  @Test
  void anLlmCFileThatPromisesNothingIsRefused() throws IOException {
    assertRefused(write(llmC(20240520, 1, 0, 0)), "promises 0 tokens");
    assertRefused(write(llmC(20240520, 1, -1, 4)), "promises -1 tokens");
  }

  @Test
  void anotherVersionIsRefused() throws IOException {
    assertRefused(write(llmC(20240520, 2, 10, 10)), "of version 2; only version 1 is known");
    assertRefused(write(llmC(20240520, 0, 10, 10)), "of version 0; only version 1 is known");
  }

  @ParameterizedTest
  @CsvSource({
    "20240801, llm.c tokens of 32 bits",
    "20240522, an llm.c evaluation set",
    "20240326, an llm.c model checkpoint",
    "20240327, an llm.c debug state",
    "20240328, an llm.c tokenizer"
  })
  void otherFilesOfLlmCAreCalledByTheirNames(int magic, String name) throws IOException {
    assertRefused(write(llmC(magic, 1, 10, 10)), "is " + name);
  }

  @Test
  void filesOfOtherFamiliesAreCalledByTheirNames() throws IOException {
    assertRefused(write("504b0304 14000000"), "zip archive");
    assertRefused(write("934e554d 50590100"), "NumPy");
    assertRefused(write("47475546 03000000"), "GGUF");
  }

  private void assertRefused(Path file, String why) {
    var refusal = assertThrows(BadData.class, () -> TokenFile.open(file)).getMessage();
    assertTrue(refusal.contains(file.toString()), refusal);
    assertTrue(refusal.contains(why), refusal);
    assertEquals(1, refusal.lines().count(), refusal);
  }

  private static int[] all(Tokens tokens) {
    var ids = new int[Math.toIntExact(tokens.count())];
    tokens.copy(0, ids);
    return ids;
  }

  private static byte[] llmC(int magic, int version, int promised, int tokens) {
    return ByteBuffer.allocate(1024 + 2 * tokens)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(magic)
        .putInt(version)
        .putInt(promised)
        .array();
  }

  private Path write(String hex) throws IOException {
    return write(HexFormat.of().parseHex(hex.replace(" ", "")));
  }

  private Path write(byte[] bytes) throws IOException {
    var name = "tokens-%08x.bin".formatted(Arrays.hashCode(bytes));
    return Files.write(folder.resolve(name), bytes);
  }
}
