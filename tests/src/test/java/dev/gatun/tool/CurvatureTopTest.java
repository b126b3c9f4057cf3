package dev.gatun.tool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.optim.DenseCurvature;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.hipparchus.linear.EigenDecompositionSymmetric;
import org.hipparchus.linear.MatrixUtils;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// `curvature top` beside the dense matrix's eigenvalues.
class CurvatureTopTest extends CurvatureCase {
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void topIsTheDenseMatrixsLargestEigenvaluesByMagnitude(boolean gaussNewton) throws IOException {
    var out = folder.resolve("vectors");
    var options = new ArrayList<>(List.of("--count=4", "--steps=80", "--out=" + out));
    if (gaussNewton) options.add("--gauss-newton");
    var printed = json("top", options.toArray(String[]::new));
    var matrix = dense(gaussNewton);
    double rounding = EXACT * norm(matrix);
    var exact =
        Arrays.stream(
                new EigenDecompositionSymmetric(MatrixUtils.createRealMatrix(symmetric(matrix)))
                    .getEigenvalues())
            .boxed()
            .sorted(Comparator.comparingDouble(x -> -Math.abs(x)))
            .toList();
    assertEquals(gaussNewton ? "gaussNewton" : "hessian", printed.get("matrix"));
    assertEquals(80, number(printed, "steps"));
    var found = (List<?>) printed.get("eigenvalues");
    assertEquals(4, found.size());
    for (int k = 0; k < 4; k++) {
      @SuppressWarnings("unchecked")
      var pair = (Map<String, Object>) found.get(k);
      double value = number(pair, "value");
      double residual = number(pair, "residual");
      assertTrue(residual <= 1e-6 * Math.abs(value), k + " has not converged: " + residual);
      assertEquals(exact.get(k), value, residual + rounding, "eigenvalue " + k);
      var x = read(out.resolve((k + 1) + ".safetensors"));
      var product = DenseCurvature.times(matrix, x);
      for (int i = 0; i < x.length; i++) product[i] -= value * x[i];
      assertEquals(1, length(x), EXACT);
      assertEquals(length(product), residual, rounding, "residual " + k);
    }
  }

  private static double[][] symmetric(double[][] matrix) {
    var symmetric = new double[matrix.length][matrix.length];
    for (int i = 0; i < matrix.length; i++) {
      for (int j = 0; j < matrix.length; j++) {
        symmetric[i][j] = (matrix[i][j] + matrix[j][i]) / 2;
      }
    }
    return symmetric;
  }

  /// Few steps leave residuals that are not small, and what is printed is still measured.
  @Test
  void topTellsWhatHasNotConverged() throws IOException {
    var out = folder.resolve("vectors");
    var printed = json("top", "--count=2", "--steps=3", "--out=" + out);
    var matrix = dense(false);
    @SuppressWarnings("unchecked")
    var second = (Map<String, Object>) ((List<?>) printed.get("eigenvalues")).get(1);
    double value = number(second, "value");
    assertTrue(number(second, "residual") > 1e-3 * Math.abs(value), "it has converged");
    var x = read(out.resolve("2.safetensors"));
    var product = DenseCurvature.times(matrix, x);
    for (int i = 0; i < x.length; i++) product[i] -= value * x[i];
    assertEquals(length(product), number(second, "residual"), EXACT * norm(matrix));
  }
}
