package dev.gatun.grad;

import dev.gatun.InvalidArgument;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

/// The eigenvalues of largest magnitude of a symmetric matrix that is known by its products with
/// vectors alone, by Lanczos' iteration with full reorthogonalisation. The matrix seen from the
/// space of the first products is tridiagonal; its eigenvalues approach those at both ends of the
/// spectrum first.
///
/// Every step costs one product, and so does every eigenvalue, whose residual is measured and not
/// deduced. Memory: `steps` vectors of doubles on the host.
///
/// Trap: one starting vector shows one eigenvector of a repeated eigenvalue. Only where the space
/// is exhausted does the iteration go on with a new random vector and find the others.
public final class Lanczos {
  private final UnaryOperator<double[]> product;
  private final int size;
  private final SplittableRandom random;
  private final List<double[]> basis = new ArrayList<>();
  private final double[] diagonal;
  private final double[] beside;

  private Lanczos(UnaryOperator<double[]> product, int size, int steps, long seed) {
    this.product = product;
    this.size = size;
    random = new SplittableRandom(seed);
    diagonal = new double[steps];
    beside = new double[steps];
  }

  /// The `count` eigenvalues of largest magnitude among those that `steps` steps find, largest
  /// first.
  ///
  /// @param product the matrix times a vector, which it leaves as it is, in an array of its own
  /// @param size rows of the matrix
  /// @param steps from `count` to `size`
  /// @param seed of the starting vector
  /// @throws InvalidArgument where these do not fit together, or a product is not finite
  public static List<Eigenpair> largest(
      UnaryOperator<double[]> product, int size, int count, int steps, long seed) {
    if (count < 1) {
      throw new InvalidArgument(
          "%d eigenvalues asked for; there must be at least one".formatted(count));
    }
    if (count > steps) {
      throw new InvalidArgument(
          "%d eigenvalues asked for in %d steps; a step finds one at most".formatted(count, steps));
    }
    if (steps > size) {
      throw new InvalidArgument(
          "%d steps asked for; a matrix of %d rows has no more than that many"
              .formatted(steps, size));
    }
    var lanczos = new Lanczos(product, size, steps, seed);
    lanczos.run();
    return lanczos.largest(count);
  }

  private void run() {
    basis.add(orthogonal());
    double scale = 0;
    for (int step = 0; step < diagonal.length; step++) {
      var w = times(basis.get(step));
      diagonal[step] = dot(w, basis.get(step));
      if (step + 1 == diagonal.length) return;
      orthogonalise(w);
      double length = length(w);
      scale = Math.max(scale, Math.abs(diagonal[step]) + length);
      boolean isExhausted = length <= scale * Math.ulp(1.0);
      beside[step] = isExhausted ? 0 : length;
      basis.add(isExhausted ? orthogonal() : scaled(w, 1 / length));
    }
  }

  /// A random vector of length 1, orthogonal to all so far. What is left of it may be short where
  /// the basis is almost the whole space, and is made orthogonal once more at its new length.
  private double[] orthogonal() {
    var w = random.doubles(size, -1, 1).toArray();
    orthogonalise(w);
    w = scaled(w, 1 / length(w));
    orthogonalise(w);
    return scaled(w, 1 / length(w));
  }

  /// Twice: the first pass leaves rounding errors of the length it took away.
  private void orthogonalise(double[] w) {
    for (int pass = 0; pass < 2; pass++) {
      for (var v : basis) add(w, -dot(w, v), v);
    }
  }

  private List<Eigenpair> largest(int count) {
    var seen = Tridiagonal.of(diagonal, beside);
    return IntStream.range(0, diagonal.length)
        .boxed()
        .sorted(Comparator.comparingDouble(k -> -Math.abs(seen.values()[k])))
        .limit(count)
        .map(k -> pair(seen.values()[k], seen.vectors()[k]))
        .toList();
  }

  private Eigenpair pair(double value, double[] inBasis) {
    var vector = new double[size];
    for (int i = 0; i < inBasis.length; i++) add(vector, inBasis[i], basis.get(i));
    var residual = times(vector);
    add(residual, -value, vector);
    return new Eigenpair(value, vector, length(residual));
  }

  private double[] times(double[] v) {
    var result = product.apply(v);
    if (!Double.isFinite(length(result))) {
      throw new InvalidArgument("the matrix times a vector is not finite");
    }
    return result;
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) sum += a[i] * b[i];
    return sum;
  }

  private static double length(double[] v) {
    return Math.sqrt(dot(v, v));
  }

  private static void add(double[] to, double factor, double[] v) {
    for (int i = 0; i < to.length; i++) to[i] += factor * v[i];
  }

  private static double[] scaled(double[] v, double factor) {
    for (int i = 0; i < v.length; i++) v[i] *= factor;
    return v;
  }
}
