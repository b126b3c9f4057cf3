package dev.gatun.scaling;

import java.util.Arrays;

/// How far a fit lies from what it was fitted to.
///
/// @param rmse root of the mean square
/// @param median of the absolute values
public record Residuals(double rmse, double median) {
  static Residuals of(double[] residuals) {
    double square = Arrays.stream(residuals).map(r -> r * r).average().orElseThrow();
    return new Residuals(
        Math.sqrt(square), Interval.median(Arrays.stream(residuals).map(Math::abs).toArray()));
  }
}
