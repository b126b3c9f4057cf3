package dev.gatun.grad;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.InvalidArgument;
import dev.gatun.laws.Devices;
import dev.gatun.memory.Device;
import dev.gatun.memory.Scope;
import dev.gatun.op.ResidualLayerNorm;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.GradientSlot;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Segments of one's own: with them gradients and products are those without, bit for bit.
@Tag("backend")
class RecomputedTest {
  private static final Shape MATRIX = Shape.of(6, 6);
  private static final Shape VECTOR = Shape.of(6);

  @AutoClose private final Device device = Devices.underTest();
  private final Scope memory = device.scope();
  private final SplittableRandom random = new SplittableRandom(11);
  private final Tensor v = parameter(MATRIX);
  private final Tensor w = parameter(MATRIX);
  private final Tensor bias = parameter(VECTOR);
  private final Tensor gain = parameter(VECTOR);
  private final List<Tensor> parameters = List.of(v, w, bias, gain);
  private final Map<Tensor, Tensor> direction = new HashMap<>();
  private final Tensor data = drawn(MATRIX);
  private final Tensor goal = drawn(MATRIX);
  private final Tensor order = Tensor.of(memory, VECTOR, 3, 0, 0, 5, 2, 1);

  RecomputedTest() {
    for (var parameter : parameters) direction.put(parameter, drawn(parameter.shape()));
  }

  private Tensor drawn(Shape shape) {
    return Tensor.of(memory, shape, random.doubles(shape.count(), -1, 1).toArray());
  }

  private Tensor parameter(Shape shape) {
    var slot = new GradientSlot(device, Tensor.zeros(memory, DType.F64, shape).data());
    return Tensor.over(memory, drawn(shape).data(), DType.F64, shape, slot);
  }

  /// How a segment is run: as it is, or recomputed.
  private interface Way {
    List<Tensor> run(UnaryOperator<List<Tensor>> segment, Tensor... inputs);
  }

  private static final Way PLAIN = (segment, inputs) -> segment.apply(List.of(inputs));
  private static final Way AGAIN = Recomputed::of;

  /// A network with segments in it, and its loss.
  private interface Network {
    Tensor loss(Way way);
  }

  private void requireTheSame(Network network) {
    assertEquals(gradient(network, PLAIN), gradient(network, AGAIN));
    assertEquals(
        product(network, PLAIN, HessianVector.along(Direction.of(direction))),
        product(network, AGAIN, HessianVector.along(Direction.of(direction))));
    assertEquals(
        product(network, PLAIN, GaussNewtonVector.along(Direction.of(direction))),
        product(network, AGAIN, GaussNewtonVector.along(Direction.of(direction))));
  }

  private List<List<Double>> gradient(Network network, Way way) {
    forget();
    try (var tape = Tape.open(device)) {
      tape.backward(network.loss(way), 0.5);
    }
    try (var tape = Tape.open(device)) {
      return numbers(tape.backward(network.loss(way), 0.5)::of);
    }
  }

  private void forget() {
    for (var parameter : parameters) parameter.slot().orElseThrow().fresh(true);
  }

  /// The product, and behind it what came along in the gradients' place.
  private List<List<Double>> product(Network network, Way way, VectorProduct product) {
    forget();
    try (var tape = Tape.open(device)) {
      var all = new ArrayList<>(numbers(product.of(tape, network.loss(way), 0.5)::of));
      all.addAll(numbers(this::inSlot));
      return all;
    }
  }

  private Tensor inSlot(Tensor parameter) {
    var gradient = parameter.slot().orElseThrow().gradient();
    return Tensor.over(memory, gradient, DType.F64, parameter.shape(), null);
  }

  private List<List<Double>> numbers(Function<Tensor, Tensor> of) {
    var all = new ArrayList<List<Double>>();
    for (var parameter : parameters) {
      all.add(Arrays.stream(of.apply(parameter).toDoubles()).boxed().toList());
    }
    return all;
  }

  private Tensor dense(Tensor x, Tensor weight) {
    return x.linear(weight, bias).gelu();
  }

  /// Data that need no gradient, integers that choose rows, and three results, of which the middle
  /// one is unused.
  private Tensor mixed(Way way) {
    var x = dense(data, v);
    var results =
        way.run(
            in -> {
              var y = dense(in.get(0).times(in.get(1)), w);
              var picked = y.plus(in.get(0)).gather(in.get(2));
              return List.of(y, y.exp(), picked);
            },
            x,
            data,
            order);
    return results.get(0).plus(results.get(2)).squaredError(goal);
  }

  @Test
  void dataIntegersAndUnusedResultsChangeNothing() {
    requireTheSame(this::mixed);
  }

  @Test
  void parametersInsideAreReachedWhereNoInputDependsOnAny() {
    requireTheSame(
        way ->
            way.run(in -> List.of(dense(in.getFirst(), v)), data)
                .getFirst()
                .matmul(w)
                .squaredError(goal));
  }

  /// Gradients meet at the input, at the result and at the parameter, inside and outside.
  @Test
  void gradientsThatMeetAreAddedInTheSameOrder() {
    requireTheSame(
        way -> {
          var x = dense(data, v);
          var results =
              way.run(
                  in -> {
                    var y = dense(in.getFirst(), w).plus(in.getFirst());
                    return List.of(y, y.times(dense(y, w)), y);
                  },
                  x);
          var sum = results.get(0).times(results.get(1)).plus(results.get(2).square()).plus(x);
          return sum.plus(dense(x, w)).squaredError(goal);
        });
  }

  @Test
  void eitherResultOfTheLastOpMayBeUnused() {
    for (int used = 0; used < 2; used++) {
      int which = used;
      requireTheSame(
          way -> {
            var both =
                way.run(
                    in ->
                        new ResidualLayerNorm(1e-5, true)
                            .apply(in.get(0), in.get(0).matmul(w), gain, bias),
                    dense(data, v));
            return both.get(which).squaredError(goal);
          });
    }
  }

  @Test
  void segmentsInARowAndWithinEachOther() {
    requireTheSame(
        way -> {
          UnaryOperator<List<Tensor>> inner = in -> List.of(dense(in.getFirst(), w));
          UnaryOperator<List<Tensor>> outer =
              in -> List.of(way.run(inner, dense(in.getFirst(), v)).getFirst().plus(in.getFirst()));
          var x = data;
          for (int i = 0; i < 3; i++) x = way.run(outer, x).getFirst();
          return x.squaredError(goal);
        });
  }

  @Test
  void theLossItselfMayLieInASegment() {
    requireTheSame(
        way ->
            way.run(
                    in -> {
                      var y = dense(in.getFirst(), w);
                      return List.of(y.sum(), y.squaredError(goal));
                    },
                    dense(data, v))
                .get(1));
  }

  @Test
  void whatItReadsBesideItsInputsHasGradientsToo() {
    requireTheSame(
        way -> {
          var x = dense(data, v);
          return way.run(in -> List.of(x.times(in.getFirst().exp())), data)
              .getFirst()
              .squaredError(goal);
        });
  }

  /// A watched tensor before, a watched result, and gradients given from outside, whose memory the
  /// walk must not take for those that come later.
  @Test
  void watchedTensorsKeepTheirGradients() {
    assertEquals(watched(PLAIN), watched(AGAIN));
  }

  private List<String> watched(Way way) {
    try (var tape = Tape.open(device)) {
      var x = tape.watch(data.times(1));
      var before = x.tanh().exp();
      var results = way.run(in -> List.of(in.getFirst().square(), in.getFirst().exp()), before);
      var y = tape.watch(results.get(0));
      var z = results.get(1);
      var found = tape.backward(List.of(y, z, y.sum()), List.of(goal, data, one(tape)));
      return List.of(text(found.of(x)), text(found.of(y)), text(goal), text(data));
    }
  }

  private static Tensor one(Tape tape) {
    return Tensor.filled(tape, DType.F64, Shape.SCALAR, 1);
  }

  private static String text(Tensor tensor) {
    return Arrays.toString(tensor.toDoubles());
  }

  @Test
  void outsideOfATapeItIsTheFunction() {
    var inside = new ArrayList<Scope>();
    try (var scope = device.scope()) {
      var y =
          Recomputed.of(
              in -> {
                inside.add(device.innermost());
                return List.of(dense(in.getFirst(), w));
              },
              data);
      assertEquals(List.of(scope), inside);
      assertEquals(text(dense(data, w)), text(y.getFirst()));
    }
  }

  @Test
  void whatDependsOnNoParameterIsNotRecorded() {
    try (var tape = Tape.open(device)) {
      var y = Recomputed.of(in -> List.of(in.getFirst().square()), data).getFirst();
      assertTrue(tape.nodes().isEmpty());
      var loss = y.sum();
      assertThrows(InvalidArgument.class, () -> tape.backward(loss));
    }
  }

  /// Ten layers: the tape holds one result of them, and ten again for as long as it needs them.
  @Test
  void theTapeHoldsTheResultsAlone() {
    long bytes = MATRIX.count() * Double.BYTES;
    try (var tape = Tape.open(device)) {
      var y = Recomputed.of(in -> List.of(tenTimes(in.getFirst())), data).getFirst();
      assertEquals(bytes, tape.usedBytes());
      assertEquals(10 * bytes, tape.recomputedBytes());
      var loss = y.sum();
      long before = tape.usedBytes();
      tape.backward(loss);
      assertTrue(tape.usedBytes() - before <= 3 * bytes, "gradients alone");
      assertEquals(10 * bytes, tape.recomputedBytes());
    }
  }

  private Tensor tenTimes(Tensor x) {
    for (int i = 0; i < 10; i++) x = x.matmul(w);
    return x;
  }
}
