package dev.gatun.scaling;

import java.util.Arrays;
import org.hipparchus.linear.ArrayRealVector;
import org.hipparchus.linear.Array2DRowRealMatrix;
import org.hipparchus.linear.QRDecomposition;

/// A polynomial of least squares, in x - centre: powers of the logarithms of FLOPs, all near 20,
/// would be almost parallel without.
///
/// @param centre the mean of the x it was fitted to
/// @param coefficients of (x - centre)^k at k
record Polynomial(double centre, double[] coefficients) {
  static Polynomial fit(double[] x, double[] y, int degree) {
    double centre = Arrays.stream(x).average().orElseThrow();
    var powers = new double[x.length][degree + 1];
    for (int i = 0; i < x.length; i++) {
      for (int k = 0; k <= degree; k++) powers[i][k] = Math.pow(x[i] - centre, k);
    }
    var decomposed = new QRDecomposition(new Array2DRowRealMatrix(powers, false));
    return new Polynomial(
        centre, decomposed.getSolver().solve(new ArrayRealVector(y, false)).toArray());
  }

  double at(double x) {
    double sum = 0;
    for (int k = coefficients.length - 1; k >= 0; k--) sum = sum * (x - centre) + coefficients[k];
    return sum;
  }

  /// The first derivative.
  double slope(double x) {
    double sum = 0;
    for (int k = coefficients.length - 1; k > 0; k--) {
      sum = sum * (x - centre) + k * coefficients[k];
    }
    return sum;
  }
}
