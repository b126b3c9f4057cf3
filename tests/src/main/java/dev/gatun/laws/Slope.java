package dev.gatun.laws;

import java.util.function.DoubleUnaryOperator;

/// The slope of a function at 0, from central differences at h, 2h and 4h, which Richardson's rule
/// combines to an error of h^4; what the last combination changed bounds that error, and the
/// rounding of the function's values, divided by h, is added to it.
record Slope(double slope, double error) {
  private static final double STEP = 0x1p-13;
  private static final double ROUNDING = 8 * Math.ulp(1.0);
  private static final double SHARPNESS = 1e-6;

  /// Of a function that adds up terms whose magnitudes come to `scale`.
  static Slope of(DoubleUnaryOperator f, double scale) {
    double at1 = difference(f, STEP);
    double at2 = difference(f, 2 * STEP);
    double at4 = difference(f, 4 * STEP);
    double fine = (4 * at1 - at2) / 3;
    double coarse = (4 * at2 - at4) / 3;
    return new Slope(fine, Math.abs(fine - coarse) + ROUNDING * scale / STEP);
  }

  private static double difference(DoubleUnaryOperator f, double h) {
    return (f.applyAsDouble(h) - f.applyAsDouble(-h)) / (2 * h);
  }

  /// Fails unless `claimed` is the slope, and that is known to a millionth of `size`.
  void require(OpSample sample, double claimed, double size, String who) {
    sample.require(
        error <= SHARPNESS * size,
        "the function is not smooth enough for %s: its slope is known to %g of %g",
        who,
        error,
        size);
    sample.require(
        Math.abs(claimed - slope) <= error,
        "%s says %.15g, differences %.15g, give or take %.3g",
        who,
        claimed,
        slope,
        error);
  }
}
