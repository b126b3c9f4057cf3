package dev.gatun.tool;

import java.util.Locale;

/// Numbers for people.
final class Amounts {
  private static final String[] THOUSANDS = {"", "k", "M", "B", "T"};

  private Amounts() {}

  /// Four digits and a unit: 2.778B, 60.0B, 1.329T; powers of ten beyond the units.
  static String of(double amount) {
    int step = 0;
    double rest = amount;
    while (rest >= 999.95 && step + 1 < THOUSANDS.length) {
      rest /= 1000;
      step++;
    }
    if (rest >= 1e5 || amount < 1) return String.format(Locale.ROOT, "%.3g", amount);
    int digits = rest < 10 ? 3 : rest < 100 ? 2 : rest < 1000 ? 1 : 0;
    return format("%." + digits + "f%s", rest, THOUSANDS[step]);
  }

  /// Gigabytes of 10^9.
  static String gigabytes(double bytes) {
    return format(bytes < 1e9 ? "%.3f GB" : "%.1f GB", bytes / 1e9);
  }

  static String format(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }
}
