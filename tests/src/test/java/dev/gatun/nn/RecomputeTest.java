package dev.gatun.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.gatun.grad.GaussNewtonVector;
import dev.gatun.grad.Gradients;
import dev.gatun.grad.HessianVector;
import dev.gatun.grad.Tape;
import dev.gatun.grad.VectorProduct;
import dev.gatun.laws.Devices;
import dev.gatun.memory.Device;
import dev.gatun.memory.Scope;
import dev.gatun.optim.Hutchinson;
import dev.gatun.optim.LargerWeights;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Whatever a GPT computes again, the gradient and the products with both matrices of curvature are
/// what they are without, bit for bit: of two micro-steps, the head tied to the embedding.
@Tag("backend")
class RecomputeTest {
  private static final Shape WINDOWS = Shape.of(2, 5);

  @AutoClose private final Device device = Devices.underTest();
  private final Scope memory = device.scope();
  private final SplittableRandom random = new SplittableRandom(5);
  private final Gpt gpt = Gpt.create(GptConfig.of(3, 2, 8, 5, 7), memory, DType.F64, 3);
  private final Hutchinson probe = new Hutchinson(gpt.parameters(), 7);
  private final List<Tensor> windows = new ArrayList<>();

  RecomputeTest() {
    LargerWeights.addTo(gpt.parameters(), random);
    for (int i = 0; i < 4; i++) windows.add(Tensor.of(memory, WINDOWS, ids()));
  }

  private int[] ids() {
    return random.ints(WINDOWS.count(), 0, 7).toArray();
  }

  /// What a step leaves in the gradients' place.
  private double[] after(Runnable step) {
    step.run();
    var shape = Shape.of(gpt.parameters().count());
    return Tensor.over(memory, gpt.parameters().gradients(), DType.F64, shape, null).toDoubles();
  }

  /// Two micro-steps.
  private Runnable step(Recompute recompute, Micro micro) {
    var some = gpt.withRecompute(recompute);
    return () -> {
      gpt.parameters().forgetGradients();
      for (int i = 0; i < 2; i++) {
        try (var tape = Tape.open(device)) {
          micro.walk(tape, some.loss(windows.get(2 * i), windows.get(2 * i + 1)));
        }
      }
      gpt.parameters().settle();
    };
  }

  /// What is done with the loss of a micro-step.
  private interface Micro {
    void walk(Tape tape, Tensor loss);
  }

  private void requireTheSame(Recompute recompute, Micro micro) {
    var expected = after(step(Recompute.NONE, micro));
    assertFalse(Arrays.stream(expected).allMatch(number -> number == 0));
    var step = step(recompute, micro);
    assertArrayEquals(expected, after(step), "eager");
    try (var recording = device.record(step)) {
      assertArrayEquals(expected, after(recording::replay), "replayed");
      assertArrayEquals(expected, after(recording::replay), "replayed again");
    }
  }

  private static void inPlace(VectorProduct product, Tape tape, Tensor loss) {
    product.inPlaceOfGradients().of(tape, loss, 0.5);
  }

  @ParameterizedTest
  @EnumSource(Recompute.class)
  void theGradient(Recompute recompute) {
    requireTheSame(recompute, (tape, loss) -> tape.backward(loss, 0.5));
  }

  @ParameterizedTest
  @EnumSource(Recompute.class)
  @Tag("long-emulated")
  void theProductWithTheHessian(Recompute recompute) {
    var product = HessianVector.along(probe.direction());
    requireTheSame(recompute, (tape, loss) -> inPlace(product, tape, loss));
  }

  @ParameterizedTest
  @EnumSource(Recompute.class)
  @Tag("long-emulated")
  void theProductWithTheGaussNewtonMatrix(Recompute recompute) {
    var product = GaussNewtonVector.along(probe.direction());
    requireTheSame(recompute, (tape, loss) -> inPlace(product, tape, loss));
  }

  /// Gradient and product of one walk, the products in the tapes.
  @ParameterizedTest
  @EnumSource(Recompute.class)
  void theGradientAndTheProductTogether(Recompute recompute) {
    var expected = both(Recompute.NONE);
    var found = both(recompute);
    assertEquals(3, expected.size());
    for (int i = 0; i < 3; i++) assertArrayEquals(expected.get(i), found.get(i));
  }

  private List<double[]> both(Recompute recompute) {
    var all = new ArrayList<double[]>();
    var product = HessianVector.along(probe.direction());
    all.add(
        after(
            step(
                recompute,
                (tape, loss) -> all.add(gathered(product.both(tape, loss, 0.5).product())))));
    return all;
  }

  private double[] gathered(Gradients found) {
    return gpt.parameters().names().stream()
        .flatMapToDouble(name -> Arrays.stream(found.of(gpt.parameters().get(name)).toDoubles()))
        .toArray();
  }
}
