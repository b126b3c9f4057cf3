package dev.gatun.grad;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.InvalidArgument;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;
import java.util.stream.DoubleStream;
import org.hipparchus.linear.EigenDecompositionSymmetric;
import org.hipparchus.linear.MatrixUtils;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Lanczos beside Hipparchus' decomposition of the dense matrix, and on matrices whose eigenvalues
/// are known.
class LanczosTest {
  /// Each element of a product with at most 60 rows takes as many roundings, and the iteration
  /// orthogonalises against as many vectors.
  private static final double ROUNDING = 60 * 60 * Math.ulp(1.0);

  private static UnaryOperator<double[]> times(double[][] matrix) {
    return v ->
        Arrays.stream(matrix)
            .mapToDouble(
                row -> {
                  double sum = 0;
                  for (int j = 0; j < v.length; j++) sum += row[j] * v[j];
                  return sum;
                })
            .toArray();
  }

  private static UnaryOperator<double[]> diagonal(double... values) {
    return v -> {
      var product = new double[v.length];
      for (int i = 0; i < v.length; i++) product[i] = values[i] * v[i];
      return product;
    };
  }

  private static double[][] symmetric(int size) {
    var random = new SplittableRandom(size);
    var matrix = new double[size][size];
    for (int i = 0; i < size; i++) {
      for (int j = 0; j <= i; j++) matrix[i][j] = matrix[j][i] = random.nextDouble(-1, 1);
    }
    return matrix;
  }

  private static double[] values(List<Eigenpair> pairs) {
    return pairs.stream().mapToDouble(Eigenpair::value).toArray();
  }

  private static double[] byMagnitude(double... values) {
    return DoubleStream.of(values)
        .boxed()
        .sorted(Comparator.comparingDouble(x -> -Math.abs(x)))
        .mapToDouble(x -> x)
        .toArray();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 7, 60})
  void asManyStepsAsRowsFindAllEigenvalues(int size) {
    var matrix = symmetric(size);
    var expected =
        byMagnitude(
            new EigenDecompositionSymmetric(MatrixUtils.createRealMatrix(matrix)).getEigenvalues());
    var found = Lanczos.largest(times(matrix), size, size, size, 1);
    double allowed = ROUNDING * Math.abs(expected[0]);
    for (int k = 0; k < size; k++) {
      assertEquals(expected[k], found.get(k).value(), allowed, "eigenvalue " + k);
      assertTrue(found.get(k).residual() <= allowed, "residual " + found.get(k).residual());
    }
  }

  /// Those of both signs at the ends of the spectrum come first, and vectors have length 1.
  @Test
  void aFewStepsFindTheLargestByMagnitude() {
    var spread = new double[400];
    for (int i = 0; i < spread.length; i++) spread[i] = i / 400.0;
    spread[7] = -30;
    spread[100] = 20;
    spread[399] = -10;
    var found = Lanczos.largest(diagonal(spread), 400, 3, 20, 1);
    double[] expected = {-30, 20, -10};
    int[] places = {7, 100, 399};
    for (int k = 0; k < 3; k++) {
      assertEquals(expected[k], found.get(k).value(), ROUNDING * 30);
      assertEquals(1, Math.abs(found.get(k).vector()[places[k]]), ROUNDING);
    }
  }

  /// A residual is what it says, converged or not: some eigenvalue is no farther away.
  @Test
  void theResidualBoundsTheErrorOfWhatHasNotConverged() {
    var matrix = symmetric(60);
    var exact =
        new EigenDecompositionSymmetric(MatrixUtils.createRealMatrix(matrix)).getEigenvalues();
    var found = Lanczos.largest(times(matrix), 60, 4, 6, 1);
    assertTrue(found.getFirst().residual() > 1e-3, "it has converged");
    for (var pair : found) {
      var product = times(matrix).apply(pair.vector());
      double squares = 0;
      double length = 0;
      for (int i = 0; i < 60; i++) {
        squares += Math.pow(product[i] - pair.value() * pair.vector()[i], 2);
        length += Math.pow(pair.vector()[i], 2);
      }
      assertEquals(1, length, ROUNDING);
      assertEquals(Math.sqrt(squares), pair.residual(), ROUNDING * Math.sqrt(squares));
      double nearest =
          Arrays.stream(exact).map(x -> Math.abs(x - pair.value())).min().orElseThrow();
      assertTrue(nearest <= pair.residual(), nearest + " > " + pair.residual());
    }
  }

  /// The space of one starting vector has as many dimensions as there are different eigenvalues.
  @Test
  void whereTheSpaceIsExhaustedItFindsTheRepeatedOnes() {
    var found = Lanczos.largest(diagonal(5, 0, 5, -2, 0, 5, 0), 7, 7, 7, 1);
    var expected = new double[] {5, 5, 5, -2, 0, 0, 0};
    for (int k = 0; k < 7; k++) assertEquals(expected[k], values(found)[k], 5 * ROUNDING);
  }

  @Test
  void theZeroMatrixHasZeros() {
    var found = Lanczos.largest(diagonal(0, 0, 0), 3, 2, 3, 1);
    assertEquals(List.of(0.0, 0.0), Arrays.stream(values(found)).boxed().toList());
  }

  @Test
  void theSameSeedHasTheSameBits() {
    var matrix = symmetric(60);
    var one = Lanczos.largest(times(matrix), 60, 3, 10, 5);
    var two = Lanczos.largest(times(matrix), 60, 3, 10, 5);
    assertEquals(Arrays.toString(values(one)), Arrays.toString(values(two)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          0 | 3 | 0 eigenvalues asked for
          4 | 3 | 4 eigenvalues asked for in 3 steps
          1 | 6 | 6 steps asked for; a matrix of 5 rows
          """)
  void whatCannotBeFoundIsRefused(int count, int steps, String sentence) {
    var refusal =
        assertThrows(
            InvalidArgument.class,
            () -> Lanczos.largest(diagonal(1, 2, 3, 4, 5), 5, count, steps, 1));
    assertTrue(refusal.getMessage().contains(sentence), refusal.getMessage());
  }

  @ParameterizedTest
  @ValueSource(doubles = {Double.NaN, Double.POSITIVE_INFINITY})
  void aProductThatIsNotFiniteIsRefused(double value) {
    assertThrows(InvalidArgument.class, () -> Lanczos.largest(diagonal(1, value, 3), 3, 1, 3, 1));
  }
}
