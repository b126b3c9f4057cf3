package dev.gatun.tool;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.optim.DenseCurvature;
import dev.gatun.optim.GaussNewtonBartlett;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// `curvature diagonal` beside the dense matrix's.
class CurvatureDiagonalTest extends CurvatureCase {
  @Test
  void theDiagonalIsTheMeanOfProbesTimesTheirProducts() throws IOException {
    var out = folder.resolve("d.safetensors");
    var printed = json("diagonal", "--probes=5", "--seed=9", "--out=" + out);
    var matrix = dense(false);
    var expected = new double[matrix.length];
    for (var u : probes(9, 5)) {
      var product = DenseCurvature.times(matrix, u);
      for (int i = 0; i < u.length; i++) expected[i] += u[i] * product[i] / 5;
    }
    var found = read(out);
    assertArrayEquals(expected, found, EXACT * norm(matrix) * Math.sqrt(matrix.length));
    assertEquals("hutchinson", printed.get("estimator"));
    assertEquals(WINDOWS * CONTEXT, number(printed, "targets"));
    assertEquals(5, number(printed, "probes"));
    requireSummaries(printed, found);
  }

  /// The table says of each parameter what its part of the file is like.
  private void requireSummaries(Map<String, Object> printed, double[] found) {
    var rows = ((List<?>) printed.get("parameters")).iterator();
    int at = 0;
    for (var name : gpt.parameters().names()) {
      @SuppressWarnings("unchecked")
      var row = (Map<String, Object>) rows.next();
      int count = (int) number(row, "weights");
      var part = Arrays.copyOfRange(found, at, at + count);
      var of = Arrays.stream(part).summaryStatistics();
      assertEquals(name, row.get("name"));
      assertEquals(of.getMin(), number(row, "least"));
      assertEquals(of.getMax(), number(row, "largest"));
      double size = Math.max(Math.abs(of.getMin()), Math.abs(of.getMax()));
      assertEquals(of.getAverage(), number(row, "mean"), count * Math.ulp(size));
      assertEquals(
          Arrays.stream(part).filter(x -> x < 0).count() / (double) count, number(row, "negative"));
      at += count;
    }
    assertEquals(found.length, at);
  }

  /// The variance of a probe is the sum of the squares beside the diagonal.
  @Test
  void theDiagonalOfManyProbesIsTheMatrixs() throws IOException {
    int probes = 1024;
    var out = folder.resolve("d.safetensors");
    json("diagonal", "--probes=" + probes, "--batch=6", "--batches=1", "--out=" + out);
    var matrix = dense(false);
    var found = read(out);
    for (int i = 0; i < matrix.length; i++) {
      double beside = 0;
      for (int j = 0; j < matrix.length; j++) if (j != i) beside += matrix[i][j] * matrix[i][j];
      double error = Math.sqrt(beside / probes);
      double allowed = STANDARD_ERRORS * error + EXACT * norm(matrix);
      assertEquals(matrix[i][i], found[i], allowed, "element " + i);
    }
  }

  /// Within the standard errors that the same draws have, taken one by one.
  @Test
  void bartlettsDiagonalIsTheGaussNewtonMatrixs() throws IOException {
    int probes = 1024;
    var out = folder.resolve("d.safetensors");
    var estimator = "--estimator=gauss-newton-bartlett";
    json("diagonal", estimator, "--probes=" + probes, "--out=" + out);
    var matrix = dense(true);
    var found = read(out);
    var squares = new double[found.length];
    var one = Tensor.zeros(memory, DType.F64, Shape.of(gpt.parameters().count()));
    var bartlett = new GaussNewtonBartlett(gpt.parameters(), 0);
    for (int k = 1; k <= probes; k++) {
      bartlett.draw(k);
      bartlett.add(gpt, tokens, targets, 1);
      bartlett.blend(one.data(), 0);
      var drawn = stored(one.toDoubles());
      for (int i = 0; i < drawn.length; i++) squares[i] += Math.pow(drawn[i] - matrix[i][i], 2);
    }
    for (int i = 0; i < matrix.length; i++) {
      double error = Math.sqrt(squares[i] / probes / probes);
      double allowed = STANDARD_ERRORS * error + EXACT * norm(matrix);
      assertEquals(matrix[i][i], found[i], allowed, "element " + i);
    }
  }

  /// The elements of an arena that are weights, in order of names.
  private double[] stored(double[] arena) {
    return gpt.parameters().names().stream()
        .flatMapToDouble(
            name -> {
              int from = Math.toIntExact(gpt.parameters().offset(name));
              var shape = gpt.parameters().get(name).shape().with(0, gpt.storedRows(name));
              return Arrays.stream(arena, from, from + Math.toIntExact(shape.count()));
            })
        .toArray();
  }
}
