package dev.gatun.bench;

import java.util.Locale;

/// Text with numbers in it, the same in every country: what is written is read again, here and by
/// programs.
final class Text {
  private Text() {}

  static String of(String form, Object... parts) {
    return String.format(Locale.ROOT, form, parts);
  }
}
