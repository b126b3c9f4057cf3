package dev.gatun.store;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;

/// Safetensors files made by hand, without the code under test.
final class SafetensorsBytes {
  private SafetensorsBytes() {}

  static byte[] of(String header, byte... data) {
    return of(header.getBytes(StandardCharsets.UTF_8), data);
  }

  static byte[] of(byte[] header, byte... data) {
    return withLength(header.length, header, data);
  }

  /// A file whose stated header length is a lie, where the caller wants one.
  static byte[] withLength(long length, byte[] header, byte... data) {
    return ByteBuffer.allocate(8 + header.length + data.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(length)
        .put(header)
        .put(data)
        .array();
  }

  static byte[] hex(String digits) {
    return HexFormat.of().parseHex(digits.replace(" ", ""));
  }

  static byte[] firstOf(byte[] bytes, int count) {
    return Arrays.copyOf(bytes, count);
  }
}
