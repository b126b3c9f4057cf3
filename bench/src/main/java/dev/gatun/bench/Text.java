package dev.gatun.bench;

import dev.gatun.tensor.DType;
import java.util.Locale;

/// Text with numbers in it, the same in every country: what is written is read again, here and by
/// programs.
final class Text {
  private Text() {}

  static String of(String form, Object... parts) {
    return String.format(Locale.ROOT, form, parts);
  }

  /// What people call a floating-point type: fp32, fp64, bf16.
  static String of(DType type) {
    return type.name().toLowerCase(Locale.ROOT).replaceFirst("^f", "fp");
  }

  /// Bytes in the unit that leaves the smallest whole number.
  static String ofBytes(long bytes) {
    return bytes >= 1 << 20 ? (bytes >> 20) + " MiB" : (bytes >> 10) + " KiB";
  }
}
