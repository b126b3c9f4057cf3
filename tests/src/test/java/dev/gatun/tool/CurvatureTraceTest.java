package dev.gatun.tool;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.optim.DenseCurvature;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// `curvature trace` beside the dense matrix's, and its error beside how probes vary.
class CurvatureTraceTest extends CurvatureCase {
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void theTraceIsTheMeanOverProbesAndItsErrorHowTheyVary(boolean gaussNewton) throws IOException {
    var options = new ArrayList<>(List.of("--probes=3", "--seed=4"));
    if (gaussNewton) options.add("--gauss-newton");
    var printed = json("trace", options.toArray(String[]::new));
    var matrix = dense(gaussNewton);
    var found = new ArrayList<Double>();
    for (var u : probes(4, 3)) {
      var product = DenseCurvature.times(matrix, u);
      found.add(IntStream.range(0, u.length).mapToDouble(i -> u[i] * product[i]).sum());
    }
    double mean = (found.get(0) + found.get(1) + found.get(2)) / 3;
    double squares = found.stream().mapToDouble(x -> (x - mean) * (x - mean)).sum();
    double allowed = EXACT * norm(matrix) * matrix.length;
    assertEquals(mean, number(printed, "trace"), allowed);
    assertEquals(Math.sqrt(squares / 2 / 3), number(printed, "standardError"), allowed);
    assertEquals(gaussNewton ? "gaussNewton" : "hessian", printed.get("matrix"));
  }

  /// A probe of signs varies by 2 times the sum of the squares beside the diagonal. It is a
  /// polynomial of degree 2 in signs, whose fourth moment is, by Bonami's inequality, at most 81
  /// times the square of that; so a variance out of n probes is known to sqrt(80 / n) of itself,
  /// and the standard error to half of that.
  @Test
  void theStandardErrorIsThatOfSigns() throws IOException {
    int probes = 4096;
    var printed = json("trace", "--probes=" + probes, "--batch=6", "--batches=1");
    var matrix = dense(false);
    double trace = 0;
    double beside = 0;
    for (int i = 0; i < matrix.length; i++) {
      trace += matrix[i][i];
      for (int j = 0; j < matrix.length; j++) if (j != i) beside += matrix[i][j] * matrix[i][j];
    }
    double error = Math.sqrt(2 * beside / probes);
    assertEquals(trace, number(printed, "trace"), STANDARD_ERRORS * error);
    double known = STANDARD_ERRORS * Math.sqrt(80.0 / probes) / 2;
    assertEquals(1, number(printed, "standardError") / error, known);
  }
}
