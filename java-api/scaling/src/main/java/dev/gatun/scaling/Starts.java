package dev.gatun.scaling;

import java.util.ArrayList;
import java.util.List;

/// Where the descents of a parametric fit begin.
public enum Starts {
  /// The best exponents of a grid of 1,600 under variable projection, and its other minima.
  SEEDED,

  /// The 4,500 of Hoffmann et al. 2022, appendix D.3, and the seeded ones.
  GRID;

  private static final double[] EXPONENTS = {0, 0.5, 1, 1.5, 2};
  private static final double[] LOG_E = {-1, -0.5, 0, 0.5, 1};
  private static final double[] LOG_AB = {0, 5, 10, 15, 20, 25};

  /// The points (a, b, e, alpha, beta) of the published grid.
  static List<double[]> published() {
    var starts = new ArrayList<double[]>();
    for (double alpha : EXPONENTS) {
      for (double beta : EXPONENTS) {
        for (double e : LOG_E) {
          for (double a : LOG_AB) {
            for (double b : LOG_AB) starts.add(new double[] {a, b, e, alpha, beta});
          }
        }
      }
    }
    return starts;
  }
}
