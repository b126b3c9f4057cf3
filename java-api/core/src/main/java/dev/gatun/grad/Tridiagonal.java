package dev.gatun.grad;

import dev.gatun.InvalidArgument;

/// The eigenvalues and eigenvectors of a symmetric tridiagonal matrix, by QL sweeps with implicit
/// shifts. Row k of `vectors` belongs to value k; the values are in no order.
record Tridiagonal(double[] values, double[][] vectors) {
  /// Two or three sweeps settle an eigenvalue; this many never come.
  private static final int MOST_SWEEPS = 60;

  /// `beside[i]` stands beside `diagonal[i]` and `diagonal[i + 1]`; neither array is changed.
  static Tridiagonal of(double[] diagonal, double[] beside) {
    int size = diagonal.length;
    var d = diagonal.clone();
    var e = new double[size];
    System.arraycopy(beside, 0, e, 0, size - 1);
    var rows = new double[size][size];
    for (int i = 0; i < size; i++) rows[i][i] = 1;
    for (int first = 0; first < size; first++) settle(d, e, rows, first);
    return new Tridiagonal(d, rows);
  }

  private static void settle(double[] d, double[] e, double[][] rows, int first) {
    for (int sweep = 0; ; sweep++) {
      int last = first;
      while (last + 1 < d.length && !isNothing(e[last], d[last], d[last + 1])) last++;
      if (last == first) return;
      if (sweep == MOST_SWEEPS) {
        throw new InvalidArgument("no eigenvalues: the tridiagonal matrix is not finite");
      }
      sweep(d, e, rows, first, last);
    }
  }

  private static boolean isNothing(double beside, double above, double below) {
    double size = Math.abs(above) + Math.abs(below);
    return Math.abs(beside) + size == size;
  }

  /// One sweep of rotations from `last` up to `first`, shifted by Wilkinson's eigenvalue at the
  /// top. A rotation that meets a zero ends it early: the matrix has fallen apart there.
  private static void sweep(double[] d, double[] e, double[][] rows, int first, int last) {
    double half = (d[first + 1] - d[first]) / (2 * e[first]);
    double root = Math.hypot(half, 1);
    double g = d[last] - d[first] + e[first] / (half + Math.copySign(root, half));
    double sine = 1;
    double cosine = 1;
    double moved = 0;
    for (int i = last - 1; i >= first; i--) {
      double f = sine * e[i];
      double b = cosine * e[i];
      double length = Math.hypot(f, g);
      e[i + 1] = length;
      if (length == 0) {
        d[i + 1] -= moved;
        e[last] = 0;
        return;
      }
      sine = f / length;
      cosine = g / length;
      g = d[i + 1] - moved;
      double r = (d[i] - g) * sine + 2 * cosine * b;
      moved = sine * r;
      d[i + 1] = g + moved;
      g = cosine * r - b;
      rotate(rows[i], rows[i + 1], sine, cosine);
    }
    d[first] -= moved;
    e[first] = g;
    e[last] = 0;
  }

  private static void rotate(double[] upper, double[] lower, double sine, double cosine) {
    for (int k = 0; k < upper.length; k++) {
      double x = lower[k];
      lower[k] = sine * upper[k] + cosine * x;
      upper[k] = cosine * upper[k] - sine * x;
    }
  }
}
