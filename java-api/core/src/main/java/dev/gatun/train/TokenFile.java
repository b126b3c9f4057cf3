package dev.gatun.train;

import static dev.gatun.train.Tokens.INT32;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/// Files of 16-bit tokens, mapped rather than read.
///
/// Two kinds are known by their first four bytes. llm.c writes 256 little-endian int32 (magic
/// 20240520, version 1, the count of tokens, then zeros) before the uint16 tokens. Every other file
/// is nanoGPT's: uint16 tokens and nothing else. The magic read as tokens is 55432, 308, and 55432
/// lies outside GPT-2's vocabulary, so the two are never confused.
public final class TokenFile {
  private static final int MAGIC = 20240520;
  private static final int HEADER_BYTES = 1024;

  /// What the first four bytes, read as a little-endian int32, say of files that hold no uint16
  /// tokens.
  private static final Map<Integer, String> FOREIGN =
      Map.of(
          20240801, "llm.c tokens of 32 bits (Llama 3)",
          20240522, "an llm.c evaluation set",
          20240326, "an llm.c model checkpoint",
          20240327, "an llm.c debug state",
          20240328, "an llm.c tokenizer",
          0x04034b50, "a zip archive (PyTorch writes its models so)",
          0x4d554e93, "a NumPy array",
          0x46554747, "a GGUF model",
          0x00088b1f, "gzip data",
          0x08088b1f, "gzip data");

  private TokenFile() {}

  /// Maps the tokens of a nanoGPT or llm.c file.
  ///
  /// Throws [BadData] when the file is missing, empty, odd-sized, truncated or of another kind.
  public static Tokens open(Path file) {
    long bytes = size(file);
    if (bytes == 0) throw new BadData("%s is empty: it holds no tokens".formatted(file));
    int magic = bytes < 4 ? 0 : header(file, 4).get(INT32, 0);
    var foreign = FOREIGN.get(magic);
    if (foreign != null) {
      throw new BadData("%s is %s, not a file of uint16 tokens".formatted(file, foreign));
    }
    return magic == MAGIC ? openLlmC(file, bytes) : openNanoGpt(file, bytes);
  }

  private static Tokens openNanoGpt(Path file, long bytes) {
    if (bytes % 2 != 0) {
      throw new BadData(
          "%s is %d bytes long, an odd number: it is truncated or not a file of uint16 tokens"
              .formatted(file, bytes));
    }
    return Tokens.map(file, 0, bytes / 2, 2);
  }

  private static Tokens openLlmC(Path file, long bytes) {
    if (bytes < HEADER_BYTES) {
      throw new BadData(
          "%s is truncated: an llm.c token file begins with %d bytes of header, this one ends after %d"
              .formatted(file, HEADER_BYTES, bytes));
    }
    var header = header(file, HEADER_BYTES);
    int version = header.get(INT32, 4);
    long count = header.get(INT32, 8);
    if (version != 1) {
      throw new BadData(
          "%s is an llm.c token file of version %d; only version 1 is known"
              .formatted(file, version));
    }
    if (count <= 0) {
      throw new BadData("%s has a header that promises %d tokens".formatted(file, count));
    }
    if (bytes != HEADER_BYTES + 2 * count) {
      throw new BadData(
          "%s is %s: its header promises %d tokens, so %d bytes, but it has %d"
              .formatted(
                  file,
                  bytes < HEADER_BYTES + 2 * count ? "truncated" : "too long",
                  count,
                  HEADER_BYTES + 2 * count,
                  bytes));
    }
    return Tokens.map(file, HEADER_BYTES, count, 2);
  }

  private static long size(Path file) {
    if (Files.isDirectory(file)) {
      throw new BadData("%s is a folder, not a file of tokens".formatted(file));
    }
    if (!Files.isRegularFile(file)) throw new BadData("there is no file %s".formatted(file));
    try {
      return Files.size(file);
    } catch (IOException e) {
      throw BadData.unreadable(file, e);
    }
  }

  private static MemorySegment header(Path file, int bytes) {
    try (var in = Files.newInputStream(file)) {
      return MemorySegment.ofArray(in.readNBytes(bytes));
    } catch (IOException e) {
      throw BadData.unreadable(file, e);
    }
  }
}
