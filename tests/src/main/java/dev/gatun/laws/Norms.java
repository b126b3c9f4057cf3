package dev.gatun.laws;

/// Sums over arrays.
final class Norms {
  private Norms() {}

  static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) sum += a[i] * b[i];
    return sum;
  }

  static double dot(double[][] a, double[][] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) sum += dot(a[i], b[i]);
    return sum;
  }

  /// The sum of the magnitudes of the products.
  static double absoluteDot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) sum += Math.abs(a[i] * b[i]);
    return sum;
  }

  static double squaredDistance(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) sum += (a[i] - b[i]) * (a[i] - b[i]);
    return sum;
  }

  static double largest(double[]... arrays) {
    double largest = 0;
    for (var array : arrays) for (var x : array) largest = Math.max(largest, Math.abs(x));
    return largest;
  }

  /// The first place where the bits differ, or -1.
  static int firstDifference(double[] a, double[] b) {
    for (int i = 0; i < a.length; i++) {
      if (Double.doubleToRawLongBits(a[i]) != Double.doubleToRawLongBits(b[i])) return i;
    }
    return -1;
  }

  /// The first place where they are further apart than `tolerance`, NaN included, or -1.
  static int firstBeyond(double[] a, double[] b, double tolerance) {
    for (int i = 0; i < a.length; i++) if (!(Math.abs(a[i] - b[i]) <= tolerance)) return i;
    return -1;
  }
}
