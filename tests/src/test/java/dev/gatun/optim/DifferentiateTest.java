package dev.gatun.optim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.gatun.InvalidArgument;
import dev.gatun.grad.HessianVector;
import dev.gatun.grad.Tape;
import dev.gatun.laws.Devices;
import dev.gatun.memory.Device;
import dev.gatun.memory.Scope;
import dev.gatun.nn.Gpt;
import dev.gatun.nn.GptConfig;
import dev.gatun.nn.Parameters;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Function;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/// Gradient and diagonal out of one walk are, to the bit, those that are found apart.
@Tag("backend")
class DifferentiateTest {
  private static final int VOCABULARY = 7;
  private static final int[] TOKENS = {0, 3, 6, 1, 2, 5, 5, 4};
  private static final int[] TARGETS = {3, 6, 1, -1, 2, 5, 4, 0};

  /// Its curvature is the last estimate.
  private static final Sophia.Config EXACT = Sophia.Config.HUTCHINSON.withBetas(0.9, 0);

  @AutoClose private final Device device = Devices.underTest();
  private final Scope memory = device.scope();
  private final Gpt gpt = Gpt.create(GptConfig.of(1, 2, 8, 4, VOCABULARY), memory, DType.F64, 3);

  DifferentiateTest() {
    LargerWeights.addTo(gpt.parameters(), new SplittableRandom(5));
  }

  private static Tensor tokens(Scope scope) {
    return Tensor.of(scope, Shape.of(2, 4), TOKENS);
  }

  private static Tensor targets(Scope scope) {
    return Tensor.of(scope, Shape.of(2, 4), TARGETS);
  }

  private static Tensor row(Scope scope, int[] ids, int row) {
    return Tensor.of(scope, Shape.of(1, 4), Arrays.copyOfRange(ids, 4 * row, 4 * row + 4));
  }

  private Tensor loss(Tape tape) {
    return gpt.loss(tokens(tape), targets(tape));
  }

  private Hutchinson drawn(Sophia.Probe probe) {
    var hutchinson = new Hutchinson(gpt.parameters(), 11, probe);
    hutchinson.draw(3);
    return hutchinson;
  }

  private double[] gradient() {
    gpt.parameters().forgetGradients();
    try (var tape = Tape.open(device)) {
      tape.backward(loss(tape));
    }
    return DenseCurvature.gradients(gpt);
  }

  @ParameterizedTest
  @EnumSource(Sophia.Probe.class)
  void theGradientIsTheTapesAndTheDiagonalThatOfThePlainForm(Sophia.Probe probe) {
    var expected = gradient();
    var hutchinson = drawn(probe);
    double[] alone;
    try (var tape = Tape.open(device)) {
      alone = DenseCurvature.flat(gpt, hutchinson.diagonal(tape, loss(tape))::of);
    }
    hutchinson.draw(3);
    try (var tape = Tape.open(device)) {
      var both = hutchinson.differentiate(tape, loss(tape));
      assertArrayEquals(expected, DenseCurvature.flat(gpt, both.gradient()::of));
      assertArrayEquals(expected, DenseCurvature.gradients(gpt));
      assertArrayEquals(alone, DenseCurvature.flat(gpt, both.diagonal()::of));
    }
  }

  /// u times (H u), with u and H u asked for by hand.
  @ParameterizedTest
  @EnumSource(Sophia.Probe.class)
  void theDiagonalIsTheProbeTimesItsProduct(Sophia.Probe probe) {
    var hutchinson = drawn(probe);
    try (var tape = Tape.open(device)) {
      var found = DenseCurvature.flat(gpt, hutchinson.diagonal(tape, loss(tape))::of);
      var u = DenseCurvature.flat(gpt, of -> hutchinson.direction().along(of, tape));
      var along = HessianVector.along(hutchinson.direction()).of(tape, loss(tape));
      var product = DenseCurvature.flat(gpt, along::of);
      for (int i = 0; i < u.length; i++) {
        assertEquals(u[i] * product[i], found[i], Math.ulp(found[i]), "element " + i);
      }
    }
  }

  /// Neither one that is made nor the plain form takes them for forgotten.
  @Test
  void gradientsThatAreThereStay() {
    var before = gradient();
    new GaussNewtonBartlett(gpt.parameters(), 11);
    try (var tape = Tape.open(device)) {
      new Hutchinson(gpt.parameters(), 11).diagonal(tape, loss(tape));
    }
    gpt.parameters().settle();
    assertArrayEquals(before, DenseCurvature.gradients(gpt));
  }

  private double[] diagonal(Hutchinson hutchinson) {
    try (var tape = Tape.open(device)) {
      return DenseCurvature.flat(gpt, hutchinson.diagonal(tape, loss(tape))::of);
    }
  }

  private double[] differentiated(Hutchinson hutchinson) {
    try (var tape = Tape.open(device)) {
      var both = hutchinson.differentiate(tape, loss(tape));
      return DenseCurvature.flat(gpt, both.diagonal()::of);
    }
  }

  @Test
  void anEstimateThatNothingWasDrawnForTakesTheNextNumber() {
    var hutchinson = new Hutchinson(gpt.parameters(), 11);
    var byNumber = new Hutchinson(gpt.parameters(), 11);
    var numbers = new int[] {0, 1, 2, 7, 8};
    for (int i = 0; i < numbers.length; i++) {
      if (numbers[i] == 7) hutchinson.draw(7);
      byNumber.draw(numbers[i]);
      var found = i % 2 == 0 ? diagonal(hutchinson) : differentiated(hutchinson);
      assertArrayEquals(diagonal(byNumber), found, "estimate " + i);
    }
  }

  private static List<Function<Parameters, Curvature>> estimators() {
    return List.of(of -> new Hutchinson(of, 11), of -> new GaussNewtonBartlett(of, 11));
  }

  /// Two micro-steps share a number, and gradients from before have no part in what they add up to.
  @ParameterizedTest
  @MethodSource("estimators")
  void soDoesOneThatIsAddedUp(Function<Parameters, Curvature> estimator) {
    var parameters = gpt.parameters();
    var undrawn = estimator.apply(parameters);
    var drawn = estimator.apply(parameters);
    var found = new ArrayList<double[]>();
    for (int number = 0; number < 3; number++) {
      gradient();
      found.add(added(undrawn));
      drawn.draw(number);
      assertArrayEquals(added(drawn), found.get(number), "estimate " + number);
    }
    assertFalse(Arrays.equals(found.get(0), found.get(1)));
  }

  private double[] added(Curvature curvature) {
    var sophia = new Sophia(gpt.parameters(), EXACT);
    for (int micro = 0; micro < 2; micro++) {
      try (var scope = device.scope()) {
        curvature.add(gpt, tokens(scope), targets(scope), 0.5);
      }
    }
    curvature.refresh(sophia);
    return curvature(sophia);
  }

  /// Another draw, once the estimate has been found, does not change what it was drawn with.
  @Test
  void anEstimateKeepsItsProbe() {
    var hutchinson = drawn(Sophia.Probe.SIGNS);
    try (var tape = Tape.open(device)) {
      var diagonal = hutchinson.diagonal(tape, loss(tape));
      var before = DenseCurvature.flat(gpt, diagonal::of);
      hutchinson.draw(4);
      assertArrayEquals(before, DenseCurvature.flat(gpt, diagonal::of));
    }
  }

  /// A row each, with the share of the targets that count in it, twice with a step between them.
  @Test
  void microStepsAddUpToTheWhole() {
    var hutchinson = new Hutchinson(gpt.parameters(), 11);
    for (int number = 0; number < 2; number++) {
      var whole = new Sophia(gpt.parameters(), EXACT);
      var byNumber = new Hutchinson(gpt.parameters(), 11);
      byNumber.draw(number);
      try (var tape = Tape.open(device)) {
        whole.refresh(byNumber.differentiate(tape, loss(tape)).diagonal());
      }
      var gradient = DenseCurvature.gradients(gpt);
      gpt.parameters().forgetGradients();
      var sophia = new Sophia(gpt.parameters(), EXACT);
      for (int row = 0; row < 2; row++) {
        try (var tape = Tape.open(device)) {
          var loss = gpt.loss(row(tape, TOKENS, row), row(tape, TARGETS, row));
          hutchinson.differentiate(tape, loss, row == 0 ? 3 / 7.0 : 4 / 7.0);
        }
      }
      hutchinson.refresh(sophia);
      gpt.parameters().settle();
      assertArrayEquals(gradient, DenseCurvature.gradients(gpt), 1e-13);
      assertArrayEquals(curvature(whole), curvature(sophia), 1e-12);
      sophia.step(0.01);
    }
  }

  @Test
  void anEstimateIsAddedUpInOneOfTwoWays() {
    var hutchinson = new Hutchinson(gpt.parameters(), 11);
    try (var tape = Tape.open(device)) {
      var loss = loss(tape);
      hutchinson.add(tape, loss, 0.5);
      assertThrows(InvalidArgument.class, () -> hutchinson.differentiate(tape, loss, 0.5));
      hutchinson.draw(1);
      hutchinson.differentiate(tape, loss, 0.5);
      assertThrows(InvalidArgument.class, () -> hutchinson.add(tape, loss, 0.5));
    }
  }

  /// Sophia's curvature out of the one walk is that out of a walk for it alone.
  @Test
  void sophiaTakesEither() {
    var hutchinson = drawn(Sophia.Probe.SIGNS);
    var one = new Sophia(gpt.parameters(), Sophia.Config.HUTCHINSON);
    try (var tape = Tape.open(device)) {
      one.refresh(hutchinson.differentiate(tape, loss(tape)).diagonal());
    }
    hutchinson.draw(3);
    var other = new Sophia(gpt.parameters(), Sophia.Config.HUTCHINSON);
    try (var tape = Tape.open(device)) {
      hutchinson.add(tape, loss(tape), 1);
    }
    hutchinson.refresh(other);
    assertEquals(1, one.refreshes());
    assertArrayEquals(curvature(other), curvature(one));
  }

  private double[] curvature(Sophia sophia) {
    int count = Math.toIntExact(gpt.parameters().count());
    return Tensor.over(memory, sophia.state().get("h"), DType.F64, Shape.of(count), null)
        .toDoubles();
  }
}
