package dev.gatun.optim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.grad.Direction;
import dev.gatun.grad.GaussNewtonVector;
import dev.gatun.grad.Gradients;
import dev.gatun.grad.HessianVector;
import dev.gatun.grad.Tape;
import dev.gatun.memory.Device;
import dev.gatun.memory.Scope;
import dev.gatun.nn.Gpt;
import dev.gatun.nn.GptConfig;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Function;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

/// Estimates of a whole GPT's curvature, over many draws, against its dense matrices: their mean is
/// the diagonal, within four standard errors at every weight, and the variance of Hutchinson's with
/// signs is the sum of the squares beside it. Some targets are left out.
class EstimatorsTest {
  private static final int VOCABULARY = 5;
  private static final double STANDARD_ERRORS = 4;

  @AutoClose private final Device device = Device.cpu();
  private final Scope memory = device.scope();
  private final Gpt gpt = Gpt.create(GptConfig.of(1, 1, 4, 4, VOCABULARY), memory, DType.F64, 3);
  private final Sophia sophia =
      new Sophia(gpt.parameters(), Sophia.Config.HUTCHINSON.withBetas(0.9, 0));
  private final Tensor tokens =
      Tensor.of(memory, Shape.of(2, 4), new int[] {0, 3, 1, 2, 4, 4, 0, 1});
  private final Tensor targets =
      Tensor.of(memory, Shape.of(2, 4), new int[] {3, 1, -1, 4, 4, 0, -1, 3});

  EstimatorsTest() {
    LargerWeights.addTo(gpt.parameters(), new SplittableRandom(5));
  }

  /// Mean and variance of each element over draws.
  private record Moments(double[] mean, double[] variance) {}

  private Moments moments(Curvature curvature, int draws) {
    int count = Math.toIntExact(gpt.parameters().count());
    var mean = new double[count];
    var squares = new double[count];
    for (int draw = 1; draw <= draws; draw++) {
      curvature.draw(draw);
      curvature.add(gpt, tokens, targets, 1);
      curvature.refresh(sophia);
      var h =
          Tensor.over(memory, sophia.state().get("h"), DType.F64, Shape.of(count), null)
              .toDoubles();
      for (int i = 0; i < count; i++) {
        double distance = h[i] - mean[i];
        mean[i] += distance / draw;
        squares[i] += distance * (h[i] - mean[i]);
      }
    }
    for (int i = 0; i < count; i++) squares[i] /= draws - 1;
    return new Moments(mean, squares);
  }

  /// The matrix, a row for each element of the arena; rows of weights that the loss cannot see stay
  /// null.
  private double[][] dense(Function<Direction, Function<Tape, Gradients>> product) {
    var rows = new double[Math.toIntExact(gpt.parameters().count())][];
    for (var name : gpt.parameters().names()) {
      var parameter = gpt.parameters().get(name);
      int offset = Math.toIntExact(gpt.parameters().offset(name));
      int seen = Math.toIntExact(parameter.shape().count());
      if (name.equals("wte.weight")) seen = VOCABULARY * 4;
      for (int i = 0; i < seen; i++) {
        rows[offset + i] = row(parameter, i, product, rows.length);
      }
    }
    return rows;
  }

  private double[] row(
      Tensor parameter, int i, Function<Direction, Function<Tape, Gradients>> product, int count) {
    var row = new double[count];
    try (var tape = Tape.open(device)) {
      var part = new double[Math.toIntExact(parameter.shape().count())];
      part[i] = 1;
      var direction = Direction.of(Map.of(parameter, Tensor.of(tape, parameter.shape(), part)));
      var products = product.apply(direction).apply(tape);
      for (var name : gpt.parameters().names()) {
        var found = products.of(gpt.parameters().get(name)).toDoubles();
        int at = Math.toIntExact(gpt.parameters().offset(name));
        System.arraycopy(found, 0, row, at, found.length);
      }
    }
    return row;
  }

  private static void requireDiagonal(double[][] matrix, Moments moments, int draws) {
    double largest = 0;
    for (int i = 0; i < matrix.length; i++) {
      if (matrix[i] != null) largest = Math.max(largest, Math.abs(matrix[i][i]));
    }
    var far = new HashMap<Integer, Double>();
    for (int i = 0; i < matrix.length; i++) {
      if (matrix[i] == null) {
        assertEquals(0, moments.mean()[i], "element " + i + " cannot be seen");
        continue;
      }
      double error = Math.sqrt(moments.variance()[i] / draws);
      double rounding = 1e-12 * largest;
      double distance = Math.abs(moments.mean()[i] - matrix[i][i]);
      if (distance > STANDARD_ERRORS * error + rounding) far.put(i, distance / error);
    }
    assertTrue(far.isEmpty(), () -> "standard errors away: " + far);
  }

  @Test
  void bartlettsMeanIsTheDiagonalOfTheGaussNewtonMatrix() {
    int draws = 4096;
    var matrix = dense(direction -> tape -> GaussNewtonVector.along(direction).of(tape, loss()));
    requireDiagonal(matrix, moments(new GaussNewtonBartlett(gpt.parameters(), 7), draws), draws);
  }

  @Test
  void hutchinsonsMeanIsTheDiagonalOfTheHessianAndItsVarianceTheRest() {
    int draws = 4096;
    var matrix = dense(direction -> tape -> HessianVector.along(direction).of(tape, loss()));
    var moments = moments(new Hutchinson(gpt.parameters(), 7), draws);
    requireDiagonal(matrix, moments, draws);
    double beside = 0;
    double varied = 0;
    for (int i = 0; i < matrix.length; i++) {
      if (matrix[i] == null) continue;
      varied += moments.variance()[i];
      for (int j = 0; j < matrix.length; j++) {
        if (j != i) beside += matrix[i][j] * matrix[i][j];
      }
    }
    // A sum of signs has no more kurtosis than a normal number, whose variance is known to this.
    double allowed = STANDARD_ERRORS * Math.sqrt(2.0 / draws);
    assertEquals(1, varied / beside, allowed);
  }

  private Tensor loss() {
    return gpt.loss(tokens, targets);
  }
}
