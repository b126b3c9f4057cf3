package dev.gatun.scaling;

import org.hipparchus.linear.Array2DRowRealMatrix;
import org.hipparchus.linear.ArrayRealVector;
import org.hipparchus.linear.LUDecomposition;

/// Three amounts of nought or more that bring the weighted sum of three columns nearest to ones.
///
/// With three unknowns the seven ways of leaving some out are tried, all in first: where that gives
/// no negative amount it is the answer.
final class NonNegativeLeastSquares {
  private static final int[][] KEPT = {{0, 1, 2}, {0, 1}, {0, 2}, {1, 2}, {0}, {1}, {2}};
  private static final double SINGULAR = 1e-12;

  private NonNegativeLeastSquares() {}

  static double[] solve(double[][] columns, double[] weights) {
    var products = new double[3][3];
    var right = new double[3];
    for (int i = 0; i < weights.length; i++) {
      for (int j = 0; j < 3; j++) {
        double weighted = weights[i] * columns[j][i];
        right[j] += weighted;
        for (int k = 0; k <= j; k++) products[j][k] += weighted * columns[k][i];
      }
    }
    var best = new double[3];
    double gain = 0; // of the weighted sum of squares, against no amounts at all
    for (var kept : KEPT) {
      var solved = solve(products, right, kept);
      if (solved == null) continue;
      double gained = 0;
      for (int j = 0; j < 3; j++) gained += solved[j] * right[j];
      if (gained > gain) {
        gain = gained;
        best = solved;
      }
      if (kept.length == 3) break;
    }
    return best;
  }

  /// Null where the columns are parallel or an amount would be negative.
  private static double[] solve(double[][] products, double[] right, int[] kept) {
    var matrix = new Array2DRowRealMatrix(kept.length, kept.length);
    var side = new ArrayRealVector(kept.length);
    for (int j = 0; j < kept.length; j++) {
      side.setEntry(j, right[kept[j]]);
      for (int k = 0; k < kept.length; k++) {
        matrix.setEntry(j, k, products[Math.max(kept[j], kept[k])][Math.min(kept[j], kept[k])]);
      }
    }
    var solver = new LUDecomposition(matrix, SINGULAR).getSolver();
    if (!solver.isNonSingular()) return null;
    var solution = solver.solve(side);
    var amounts = new double[3];
    for (int j = 0; j < kept.length; j++) {
      if (solution.getEntry(j) < 0) return null;
      amounts[kept[j]] = solution.getEntry(j);
    }
    return amounts;
  }
}
