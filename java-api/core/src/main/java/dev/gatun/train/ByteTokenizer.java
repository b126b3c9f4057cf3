package dev.gatun.train;

import java.nio.charset.StandardCharsets;

/// Every byte of the UTF-8 text is a token: a vocabulary of 256, nothing to learn or to load.
public record ByteTokenizer() implements Tokenizer {
  @Override
  public String name() {
    return "bytes";
  }

  @Override
  public int vocabulary() {
    return 256;
  }

  /// A newline.
  @Override
  public int separator() {
    return '\n';
  }

  @Override
  public int[] encode(String text) {
    var utf8 = text.getBytes(StandardCharsets.UTF_8);
    var ids = new int[utf8.length];
    for (int i = 0; i < ids.length; i++) ids[i] = utf8[i] & 0xff;
    return ids;
  }

  /// Wraps the array: bytes are their own tokens.
  @Override
  public Tokens tokens(byte[] utf8) {
    return Tokens.of(utf8);
  }

  @Override
  public byte[] bytes(int id) {
    if (id < 0 || id > 255) {
      throw new BadData("token %d lies outside the byte vocabulary of 256".formatted(id));
    }
    return new byte[] {(byte) id};
  }
}
