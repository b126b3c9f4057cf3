package dev.gatun.grad;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.laws.Devices;
import dev.gatun.memory.Device;
import dev.gatun.memory.Scope;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.GradientSlot;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Function;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Products where a result between the parameters and the loss is watched.
@Tag("backend")
class WatchedResultsTest {
  private static final Shape MATRIX = Shape.of(4, 4);

  @AutoClose private final Device device = Devices.underTest();
  private final Scope memory = device.scope();
  private final SplittableRandom random = new SplittableRandom(13);
  private final Tensor v = parameter();
  private final Tensor w = parameter();
  private final Tensor alongV = drawn();
  private final Tensor alongResult = drawn();
  private final Tensor data = drawn();
  private final Tensor goal = drawn();

  private Tensor drawn() {
    return Tensor.of(memory, MATRIX, random.doubles(MATRIX.count(), -1, 1).toArray());
  }

  private Tensor parameter() {
    var slot = new GradientSlot(device, Tensor.zeros(memory, DType.F64, MATRIX).data());
    return Tensor.over(memory, drawn().data(), DType.F64, MATRIX, slot);
  }

  /// What makes a product out of a direction, and a result out of data: a tanh, whose pullback
  /// reads what it has made.
  private enum Case {
    HESSIAN(HessianVector::along, false),
    HESSIAN_RECOMPUTED(HessianVector::along, true),
    GAUSS_NEWTON(GaussNewtonVector::along, false),
    GAUSS_NEWTON_RECOMPUTED(GaussNewtonVector::along, true);

    private final Function<Direction, VectorProduct> along;
    private final boolean isRecomputed;

    Case(Function<Direction, VectorProduct> along, boolean isRecomputed) {
      this.along = along;
      this.isRecomputed = isRecomputed;
    }

    Tensor result(Tensor x, Tensor weight) {
      if (!isRecomputed) return x.matmul(weight).tanh();
      return Recomputed.of(in -> List.of(in.getFirst().matmul(weight).tanh()), x).getFirst();
    }
  }

  private Tensor loss(Tensor result) {
    return result.matmul(w).exp().squaredError(goal);
  }

  private double[] numbers(Gradients products, Tensor... of) {
    return Arrays.stream(of)
        .flatMapToDouble(tensor -> Arrays.stream(products.of(tensor).toDoubles()))
        .toArray();
  }

  @ParameterizedTest
  @EnumSource
  void watchingAResultLeavesProductsAsTheyAre(Case each) {
    var product = each.along.apply(Direction.of(Map.of(v, alongV)));
    double[] plain;
    try (var tape = Tape.open(device)) {
      plain = numbers(product.of(tape, loss(each.result(data, v))), v, w);
    }
    try (var tape = Tape.open(device)) {
      var y = tape.watch(each.result(data, v));
      assertArrayEquals(plain, numbers(product.of(tape, loss(y)), v, w));
    }
    assertTrue(Arrays.stream(plain).anyMatch(x -> x != 0), "no curvature");
  }

  /// A direction along a result moves it as it would move zeros that are added to it.
  @ParameterizedTest
  @EnumSource
  void aDirectionAlongAResultIsAddedToWhatComesThrough(Case each) {
    for (var parts : List.of(Map.of(v, alongV), Map.<Tensor, Tensor>of())) {
      double[] expected;
      try (var tape = Tape.open(device)) {
        var zeros = tape.watch(Tensor.zeros(tape, DType.F64, MATRIX));
        var loss = loss(each.result(data, v).plus(zeros));
        expected = numbers(product(each, parts, zeros).of(tape, loss), v, w, zeros);
      }
      try (var tape = Tape.open(device)) {
        var y = tape.watch(each.result(data, v));
        var found = numbers(product(each, parts, y).of(tape, loss(y)), v, w, y);
        assertArrayEquals(expected, found, 1e-14);
      }
    }
  }

  private VectorProduct product(Case each, Map<Tensor, Tensor> parts, Tensor moved) {
    var all = new HashMap<>(parts);
    all.put(moved, alongResult);
    return each.along.apply(Direction.of(all));
  }
}
