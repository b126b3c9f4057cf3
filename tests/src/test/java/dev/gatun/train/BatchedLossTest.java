package dev.gatun.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.InvalidArgument;
import dev.gatun.grad.Direction;
import dev.gatun.grad.GaussNewtonVector;
import dev.gatun.grad.HessianVector;
import dev.gatun.grad.VectorProduct;
import dev.gatun.memory.Device;
import dev.gatun.memory.Scope;
import dev.gatun.nn.Gpt;
import dev.gatun.nn.GptConfig;
import dev.gatun.nn.Parameters;
import dev.gatun.nn.WeightVector;
import dev.gatun.optim.Curvature;
import dev.gatun.optim.DenseCurvature;
import dev.gatun.optim.GaussNewtonBartlett;
import dev.gatun.optim.Hutchinson;
import dev.gatun.optim.LargerWeights;
import dev.gatun.tensor.DType;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Function;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// A loss over batches of which one has a single target that counts, and the other seven, is that
/// over one batch of eight.
class BatchedLossTest {
  private static final int TIME = 8;
  private static final int[] FEW = {3, 1, 4, 1, 5, 2, 6, 5};
  private static final int[] MANY = {0, 2, 4, 6, 1, 3, 5, 0};
  private static final int[] ONE_COUNTS = {-1, -1, -1, 5, -1, -1, -1, -1};
  private static final int[] SEVEN_COUNT = {2, 4, 6, 1, -1, 5, 0, 3};
  private static final int[] NONE_COUNTS = {-1, -1, -1, -1, -1, -1, -1, -1};

  @AutoClose private final Device device = Device.cpu();
  private final Scope memory = device.scope();
  private final Gpt gpt = Gpt.create(GptConfig.of(1, 2, 8, TIME, 7), memory, DType.F64, 3);

  /// An empty batch behind them changes nothing.
  private final BatchedLoss apart =
      new BatchedLoss(
          gpt,
          List.of(
              new Batch(1, TIME, FEW, ONE_COUNTS),
              new Batch(1, TIME, MANY, SEVEN_COUNT),
              new Batch(1, TIME, MANY, NONE_COUNTS)));

  private final BatchedLoss together =
      new BatchedLoss(
          gpt, List.of(new Batch(2, TIME, joined(FEW, MANY), joined(ONE_COUNTS, SEVEN_COUNT))));

  BatchedLossTest() {
    LargerWeights.addTo(gpt.parameters(), new SplittableRandom(5));
  }

  private static int[] joined(int[] first, int[] second) {
    var both = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, both, first.length, second.length);
    return both;
  }

  @Test
  void whatIsLeftOutIsNoTarget() {
    assertEquals(8, apart.targets());
    assertEquals(8, together.targets());
    var nothing = List.of(new Batch(1, TIME, MANY, NONE_COUNTS));
    assertThrows(InvalidArgument.class, () -> new BatchedLoss(gpt, nothing));
  }

  private static List<Function<Direction, VectorProduct>> products() {
    return List.of(HessianVector::along, GaussNewtonVector::along);
  }

  @ParameterizedTest
  @MethodSource("products")
  void productsAreThoseOfOneBatch(Function<Direction, VectorProduct> along) {
    var product = along.apply(new Hutchinson(gpt.parameters(), 7).direction());
    requireSame(loss -> multiplied(loss, product));
  }

  private double[] multiplied(BatchedLoss loss, VectorProduct product) {
    loss.multiply(product);
    return DenseCurvature.gradients(gpt);
  }

  private static List<Function<Parameters, Curvature>> estimators() {
    return List.of(of -> new Hutchinson(of, 7), of -> new GaussNewtonBartlett(of, 7));
  }

  /// A draw has the same labels however they are cut into batches, so this is exact.
  @ParameterizedTest
  @MethodSource("estimators")
  void estimatesAreThoseOfOneBatch(Function<Parameters, Curvature> estimator) {
    var curvature = estimator.apply(gpt.parameters());
    requireSame(loss -> estimated(loss, curvature));
  }

  private double[] estimated(BatchedLoss loss, Curvature curvature) {
    var diagonal = WeightVector.zeros(gpt);
    loss.estimate(curvature, 3);
    curvature.blend(diagonal.arena(), 0);
    return diagonal.toDoubles();
  }

  private void requireSame(Function<BatchedLoss, double[]> of) {
    var expected = of.apply(together);
    double largest = Arrays.stream(expected).map(Math::abs).max().getAsDouble();
    assertTrue(largest > 1e-3, "too flat to tell: " + largest);
    assertArrayEquals(expected, of.apply(apart), 1e-12 * largest);
  }
}
