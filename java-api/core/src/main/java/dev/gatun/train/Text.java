package dev.gatun.train;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.StandardCharsets;

/// Tells text from other bytes: text is valid UTF-8 without a NUL.
final class Text {
  private Text() {}

  static boolean is(byte[] bytes) {
    return firstFault(bytes) < 0;
  }

  /// The position of the first NUL or the first byte that is no UTF-8, or -1 for text.
  static int firstFault(byte[] bytes) {
    int start = 0;
    while (start < bytes.length && bytes[start] > 0) start++;
    if (start == bytes.length) return -1;
    return firstFaultFrom(bytes, start);
  }

  // The slow way, for what follows the first byte that is not plain ASCII.
  private static int firstFaultFrom(byte[] bytes, int start) {
    int end = start;
    while (end < bytes.length && bytes[end] != 0) end++;
    var in = ByteBuffer.wrap(bytes, start, end - start);
    var out = CharBuffer.allocate(8192);
    var decoder = StandardCharsets.UTF_8.newDecoder();
    while (true) {
      var result = decoder.decode(in, out.clear(), true);
      if (result.isError()) return in.position();
      if (result.isUnderflow()) return end < bytes.length ? end : -1;
    }
  }
}
