package dev.gatun.laws;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.InvalidArgument;
import dev.gatun.grad.Direction;
import dev.gatun.grad.GaussNewtonVector;
import dev.gatun.grad.HessianVector;
import dev.gatun.grad.Tape;
import dev.gatun.grad.VectorProduct;
import dev.gatun.memory.Device;
import dev.gatun.memory.Scope;
import dev.gatun.nn.Gpt;
import dev.gatun.nn.GptConfig;
import dev.gatun.optim.LargerWeights;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Function;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// What every Hessian obeys, at a whole GPT in fp64: symmetry, linearity, and the slopes of the
/// gradient.
@Tag("backend")
class HessianVectorTest {
  private static final int VOCABULARY = 7;
  private static final double EXACT = 1e-12;

  @AutoClose private final Device device = Devices.underTest();
  private final Scope memory = device.scope();
  private final Gpt gpt = Gpt.create(GptConfig.of(2, 2, 8, 5, VOCABULARY), memory, DType.F64, 3);
  private final SplittableRandom random = new SplittableRandom(5);

  HessianVectorTest() {
    LargerWeights.addTo(gpt.parameters(), random);
  }

  private List<Tensor> all() {
    return gpt.parameters().names().stream().map(gpt.parameters()::get).toList();
  }

  private Tensor loss(Scope scope) {
    var tokens = Tensor.of(scope, Shape.of(2, 5), new int[] {0, 3, 6, 1, 2, 5, 5, 4, 0, 1});
    var targets = Tensor.of(scope, Shape.of(2, 5), new int[] {3, 6, 1, -1, 2, 5, 4, 0, -1, 6});
    return gpt.loss(tokens, targets);
  }

  /// A vector as long as all parameters together.
  private double[] draw() {
    int count = all().stream().mapToInt(HessianVectorTest::count).sum();
    return random.doubles(count, -1, 1).toArray();
  }

  private static int count(Tensor parameter) {
    return Math.toIntExact(parameter.shape().count());
  }

  private Map<Tensor, Tensor> parts(double[] v) {
    var parts = new HashMap<Tensor, Tensor>();
    int at = 0;
    for (var parameter : all()) {
      var part = new double[count(parameter)];
      System.arraycopy(v, at, part, 0, part.length);
      parts.put(parameter, Tensor.of(memory, parameter.shape(), part));
      at += part.length;
    }
    return parts;
  }

  private double[] gathered(Function<Tensor, Tensor> of) {
    var parts = new ArrayList<double[]>();
    for (var parameter : all()) parts.add(of.apply(parameter).toDoubles());
    return parts.stream().flatMapToDouble(Arrays::stream).toArray();
  }

  private double[] hessianTimes(double[] v) {
    try (var tape = Tape.open(device)) {
      return gathered(HessianVector.along(Direction.of(parts(v))).of(tape, loss(tape))::of);
    }
  }

  private double[] gaussNewtonTimes(double[] v) {
    try (var tape = Tape.open(device)) {
      return gathered(GaussNewtonVector.along(Direction.of(parts(v))).of(tape, loss(tape))::of);
    }
  }

  private double[] gradient() {
    gpt.parameters().forgetGradients();
    try (var tape = Tape.open(device)) {
      return gathered(tape.backward(loss(tape))::of);
    }
  }

  /// theta += h v.
  private void move(double[] v, double h) {
    int at = 0;
    for (var parameter : all()) {
      var weights = parameter.toDoubles();
      for (int i = 0; i < weights.length; i++) weights[i] += h * v[at++];
      parameter.copyFrom(MemorySegment.ofArray(weights));
    }
  }

  private static double dot(double[] a, double[] b) {
    return Norms.dot(a, b);
  }

  @Test
  void isSymmetric() {
    var u = draw();
    var v = draw();
    double one = dot(u, hessianTimes(v));
    assertEquals(one, dot(v, hessianTimes(u)), EXACT * Math.abs(one));
    double other = dot(u, gaussNewtonTimes(v));
    assertEquals(other, dot(v, gaussNewtonTimes(u)), EXACT * Math.abs(other));
  }

  @Test
  void isLinear() {
    var u = draw();
    var v = draw();
    var w = new double[u.length];
    for (int i = 0; i < w.length; i++) w[i] = 2 * u[i] - 3 * v[i];
    var hu = hessianTimes(u);
    var hv = hessianTimes(v);
    var expected = new double[u.length];
    for (int i = 0; i < w.length; i++) expected[i] = 2 * hu[i] - 3 * hv[i];
    assertArrayEquals(expected, hessianTimes(w), EXACT * Norms.largest(hu, hv));
  }

  /// Richardson's rule at two steps leaves an error of h^4 and of the gradients' rounding over h.
  @Test
  void isTheSlopeOfTheGradient() {
    double h = 0x1p-12;
    var v = draw();
    var slopes = new double[2][];
    for (int k = 0; k < 2; k++) {
      double step = h * (k + 1);
      move(v, step);
      var above = gradient();
      move(v, -2 * step);
      var below = gradient();
      move(v, step);
      slopes[k] = new double[above.length];
      for (int i = 0; i < above.length; i++) {
        slopes[k][i] = (above[i] - below[i]) / (2 * step);
      }
    }
    var product = hessianTimes(v);
    double allowed = 1e-8 * Norms.largest(product);
    for (int i = 0; i < product.length; i++) {
      assertEquals((4 * slopes[0][i] - slopes[1][i]) / 3, product[i], allowed, "element " + i);
    }
  }

  /// The one walk backwards leaves the ordinary gradient where backward does, to the bit.
  @Test
  void theGradientComesWithIt() {
    var expected = gradient();
    gpt.parameters().forgetGradients();
    try (var tape = Tape.open(device)) {
      HessianVector.along(Direction.of(parts(draw()))).of(tape, loss(tape));
      var wide = DType.F64;
      assertArrayEquals(
          expected,
          gathered(
              parameter ->
                  Tensor.over(
                      memory,
                      parameter.slot().orElseThrow().gradient(),
                      wide,
                      parameter.shape(),
                      null)));
    }
  }

  private static List<Function<Direction, VectorProduct>> both() {
    return List.of(HessianVector::along, GaussNewtonVector::along);
  }

  @ParameterizedTest
  @MethodSource("both")
  void onlySomeParametersMeansTheirRowsAndNoOthers(Function<Direction, VectorProduct> along) {
    var product = along.apply(Direction.of(parts(draw())));
    var chosen = gpt.parameters().get("h.1.attn.c_attn.weight");
    double[] whole;
    try (var tape = Tape.open(device)) {
      whole = product.of(tape, loss(tape)).of(chosen).toDoubles();
    }
    try (var tape = Tape.open(device)) {
      var products = product.only(List.of(chosen)).of(tape, loss(tape));
      assertArrayEquals(whole, products.of(chosen).toDoubles());
      var other = gpt.parameters().get("wte.weight");
      var why = assertThrows(InvalidArgument.class, () -> products.of(other)).getMessage();
      assertTrue(why.contains("leave it out"), why);
    }
  }

  /// A direction that is zero, or that the loss cannot see, has a product of zeros.
  @ParameterizedTest
  @MethodSource("both")
  void whatDoesNotReachTheLossHasAProductOfZeros(Function<Direction, VectorProduct> along) {
    var unseen = Tensor.zeros(memory, DType.F64, Shape.of(3));
    for (var parts : List.of(Map.<Tensor, Tensor>of(), Map.of(unseen, unseen))) {
      try (var tape = Tape.open(device)) {
        tape.watch(unseen);
        var products = along.apply(Direction.of(parts)).of(tape, loss(tape));
        assertEquals(0, Norms.largest(gathered(products::of)));
      }
    }
  }

  /// Two micro-steps in the gradients' place: the mean of two products, and no gradient.
  @Test
  void inPlaceOfGradientsTheProductsAdd() {
    var v = draw();
    var expected = hessianTimes(v);
    gpt.parameters().forgetGradients();
    for (int step = 0; step < 2; step++) {
      try (var tape = Tape.open(device)) {
        HessianVector.along(Direction.of(parts(v))).inPlaceOfGradients().of(tape, loss(tape), 0.5);
      }
    }
    var found =
        gathered(
            parameter ->
                Tensor.over(
                    memory,
                    parameter.slot().orElseThrow().gradient(),
                    DType.F64,
                    parameter.shape(),
                    null));
    assertArrayEquals(expected, found, EXACT * Norms.largest(expected));
  }

  /// The Gauss-Newton matrix of a convex loss never bends down; the Hessian here does.
  @Test
  void theGaussNewtonMatrixIsNotTheHessian() {
    boolean bendsDown = false;
    for (int i = 0; i < 8; i++) {
      var v = draw();
      assertTrue(dot(v, gaussNewtonTimes(v)) >= 0);
      bendsDown |= dot(v, hessianTimes(v)) < dot(v, gaussNewtonTimes(v));
    }
    assertTrue(bendsDown);
  }

  @Test
  void whatIsNoLossIsRefused() {
    try (var tape = Tape.open(device)) {
      var parameter = gpt.parameters().get("wpe.weight");
      var along = HessianVector.along(Direction.of(parts(draw())));
      assertThrows(InvalidArgument.class, () -> along.of(tape, parameter.plus(parameter)));
      var plain = Tensor.filled(tape, DType.F64, Shape.SCALAR, 1);
      assertThrows(InvalidArgument.class, () -> along.of(tape, plain));
      var watched = tape.watch(plain);
      var gaussNewton = GaussNewtonVector.along(Direction.of(Map.of(watched, watched)));
      var why = assertThrows(InvalidArgument.class, () -> gaussNewton.of(tape, watched));
      assertTrue(why.getMessage().contains("watched"), why.getMessage());
    }
  }
}
