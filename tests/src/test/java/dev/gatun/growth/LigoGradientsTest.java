package dev.gatun.growth;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.grad.Tape;
import dev.gatun.memory.Device;
import dev.gatun.memory.Scope;
import dev.gatun.nn.Gpt;
import dev.gatun.nn.GptConfig;
import dev.gatun.optim.LargerWeights;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// The gradients of a larger network's loss by the maps that make it, beside central differences.
class LigoGradientsTest {
  private static final GptConfig SMALL = GptConfig.of(2, 2, 4, 5, 7);

  /// What is asked for, relative to the gradient.
  private static final double AGREED = 1e-6;

  /// A difference of four points errs by the fourth power of this times the fifth derivative.
  private static final double STEP = 0x1p-15;

  /// And by a few roundings of a loss near 2, divided by the step: what a gradient that is zero is
  /// found as, that by the biases of keys for one.
  private static final double ROUNDED = 8 * 0x1p-52 / STEP;

  @AutoClose private final Device device = Device.cpu(1);
  private final Scope memory = device.scope();

  static Stream<Arguments> operators() {
    return Stream.of(LigoForm.values())
        .flatMap(
            form ->
                Stream.of(LigoHeads.values())
                    .flatMap(
                        heads ->
                            Stream.of(
                                Arguments.of(
                                    new LigoShape(
                                        SMALL.withUntiedHead(),
                                        SMALL.withUntiedHead().withSize(3, 3, 6),
                                        form,
                                        heads)),
                                Arguments.of(
                                    new LigoShape(SMALL, SMALL.withSize(3, 3, 6), form, heads)),
                                Arguments.of(
                                    new LigoShape(SMALL, SMALL.withSize(3, 2, 4), form, heads)),
                                Arguments.of(
                                    new LigoShape(SMALL, SMALL.withFeedForward(19), form, heads)),
                                Arguments.of(
                                    new LigoShape(
                                        SMALL,
                                        SMALL.withSize(2, 3, 6).withFeedForward(16),
                                        form,
                                        heads)),
                                Arguments.of(
                                    new LigoShape(
                                        SMALL.withoutBias().withScaleByLayer(),
                                        SMALL.withoutBias().withScaleByLayer().withSize(4, 3, 6),
                                        form,
                                        heads)))));
  }

  private final Tensor tokens = Tensor.of(memory, Shape.of(2, 5), 1, 5, 0, 3, 3, 6, 2, 4, 1, 5);
  private final Tensor targets = Tensor.of(memory, Shape.of(2, 5), 5, 0, 3, 3, 6, 2, 4, 1, 5, 1);

  private LigoOperator operator(LigoShape shape) {
    var source = Gpt.create(shape.source(), memory, DType.F64, 3);
    LargerWeights.addTo(source.parameters(), new SplittableRandom(5));
    return LigoOperator.create(source, shape, new RandomMaps(4, true), memory);
  }

  /// Every map of every form moves along directions in which all that its numbers do adds up.
  @ParameterizedTest
  @MethodSource("operators")
  void areThoseOfTheLoss(LigoShape shape) {
    var operator = operator(shape);
    var larger = Gpt.blank(shape.target(), memory, DType.F64);
    pull(operator, larger, 1);
    var random = new SplittableRandom(9);
    for (var name : operator.maps().names()) {
      var map = operator.maps().get(name);
      var gradient = gradient(map);
      for (int trial = 0; trial < 2; trial++) {
        var direction = new double[gradient.length];
        double length = 0;
        for (int i = 0; i < direction.length; i++) {
          direction[i] = (gradient[i] < 0 ? -1 : 1) * random.nextDouble();
          length += direction[i] * direction[i];
        }
        double slope = 0;
        for (int i = 0; i < direction.length; i++) {
          direction[i] /= Math.sqrt(length);
          slope += gradient[i] * direction[i];
        }
        double found = difference(operator, larger, map, direction);
        assertEquals(found, slope, AGREED * slope + ROUNDED, name);
      }
    }
  }

  /// One number after another, of the map that everything is tied to.
  @Test
  void areRightInEachPlaceOfTheTiedMap() {
    var shape = new LigoShape(SMALL, SMALL.withSize(3, 3, 6), LigoForm.SHARED, LigoHeads.WHOLE);
    var operator = operator(shape);
    var larger = Gpt.blank(shape.target(), memory, DType.F64);
    pull(operator, larger, 1);
    for (var name : new String[] {"residual", "values", "depth.attn.queries"}) {
      var map = operator.maps().get(name);
      var gradient = gradient(map);
      double largest = 0;
      for (double each : gradient) largest = Math.max(largest, Math.abs(each));
      for (int i = 0; i < gradient.length; i++) {
        var direction = new double[gradient.length];
        direction[i] = 1;
        double found = difference(operator, larger, map, direction);
        assertEquals(found, gradient[i], AGREED * largest + ROUNDED, name + " " + i);
      }
    }
  }

  /// Two halves make a whole: what is pulled back is added, and the larger network's gradients are
  /// forgotten.
  @Test
  void areAddedUp() {
    var shape = new LigoShape(SMALL, SMALL.withSize(3, 3, 6), LigoForm.RELEASED, LigoHeads.DENSE);
    var operator = operator(shape);
    var larger = Gpt.blank(shape.target(), memory, DType.F64);
    pull(operator, larger, 1);
    var whole = gradient(operator.maps().get("residual"));
    operator.maps().forgetGradients();
    pull(operator, larger, 0.5);
    pull(operator, larger, 0.5);
    assertArrayEquals(whole, gradient(operator.maps().get("residual")), 1e-13);
  }

  private void pull(LigoOperator operator, Gpt larger, double share) {
    try (var tape = Tape.open(device)) {
      var weights = operator.weights();
      operator.copyTo(larger, weights);
      try (var inner = Tape.open(device)) {
        inner.backward(larger.loss(tokens, targets), share);
      }
      operator.pullBack(tape, weights, larger);
    }
  }

  private static double[] gradient(Tensor map) {
    var slot = map.slot().orElseThrow();
    return Tensor.over(map.scope(), slot.gradient(), map.dtype(), map.shape(), null).toDoubles();
  }

  private double difference(LigoOperator operator, Gpt larger, Tensor map, double[] direction) {
    double near = 0;
    double far = 0;
    for (int sign : new int[] {1, -1}) {
      near += sign * loss(operator, larger, map, direction, sign * STEP);
      far += sign * loss(operator, larger, map, direction, sign * 2 * STEP);
    }
    return (8 * near - far) / (12 * STEP);
  }

  private double loss(
      LigoOperator operator, Gpt larger, Tensor map, double[] direction, double step) {
    var was = map.toDoubles();
    var moved = was.clone();
    for (int i = 0; i < moved.length; i++) moved[i] += step * direction[i];
    map.copyFrom(MemorySegment.ofArray(moved));
    operator.copyTo(larger);
    map.copyFrom(MemorySegment.ofArray(was));
    try (var _ = device.scope()) {
      return larger.loss(tokens, targets).item();
    }
  }
}
