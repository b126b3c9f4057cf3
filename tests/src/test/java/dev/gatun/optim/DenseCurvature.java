package dev.gatun.optim;

import dev.gatun.grad.Direction;
import dev.gatun.grad.Tape;
import dev.gatun.grad.VectorProduct;
import dev.gatun.nn.Gpt;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import java.util.Arrays;
import java.util.Map;
import java.util.function.Function;

/// The whole matrix of curvature of a small GPT in fp64, a product with a unit vector for each row:
/// name after name in order of declaration, without the rows that pad the vocabulary.
public final class DenseCurvature {
  private DenseCurvature() {}

  public static double[][] of(
      Gpt gpt, Tensor tokens, Tensor targets, Function<Direction, VectorProduct> product) {
    var parameters = gpt.parameters();
    int size = parameters.names().stream().mapToInt(name -> weights(gpt, name)).sum();
    var matrix = new double[size][];
    int row = 0;
    for (var name : parameters.names()) {
      var parameter = parameters.get(name);
      for (int i = 0; i < weights(gpt, name); i++) {
        try (var tape = Tape.open(gpt.device())) {
          var unit = new double[Math.toIntExact(parameter.shape().count())];
          unit[i] = 1;
          var direction = Direction.of(Map.of(parameter, Tensor.of(tape, parameter.shape(), unit)));
          var products = product.apply(direction).of(tape, gpt.loss(tokens, targets));
          matrix[row++] = flat(gpt, products::of);
        }
      }
    }
    return matrix;
  }

  /// What there is for each parameter, one behind the other.
  public static double[] flat(Gpt gpt, Function<Tensor, Tensor> of) {
    var parameters = gpt.parameters();
    return parameters.names().stream()
        .flatMapToDouble(
            name ->
                Arrays.stream(of.apply(parameters.get(name)).toDoubles()).limit(weights(gpt, name)))
        .toArray();
  }

  /// The gradients in the parameters' slots.
  public static double[] gradients(Gpt gpt) {
    return flat(
        gpt,
        parameter ->
            Tensor.over(
                gpt.parameters().scope(),
                parameter.slot().orElseThrow().gradient(),
                DType.F64,
                parameter.shape(),
                null));
  }

  private static int weights(Gpt gpt, String name) {
    var shape = gpt.parameters().get(name).shape();
    return Math.toIntExact(shape.with(0, gpt.storedRows(name)).count());
  }

  public static double[] times(double[][] matrix, double[] v) {
    var product = new double[v.length];
    for (int i = 0; i < v.length; i++) {
      for (int j = 0; j < v.length; j++) product[i] += matrix[i][j] * v[j];
    }
    return product;
  }
}
