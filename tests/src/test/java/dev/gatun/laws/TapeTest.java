package dev.gatun.laws;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.ClosedTensor;
import dev.gatun.InvalidArgument;
import dev.gatun.grad.Tape;
import dev.gatun.memory.Device;
import dev.gatun.op.ResidualLayerNorm;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// How a tape passes gradients on.
@Tag("backend")
class TapeTest {
  private static final double[] X = {0.5, -1.25, 2};

  @AutoClose private final Device device = Devices.underTest();
  private Tape tape;
  private Tensor x;

  @BeforeEach
  void open() {
    tape = Tape.open(device);
    x = tape.watch(Tensor.of(tape, Shape.of(3), X));
  }

  private static double[] each(UnaryOperator<Double> f) {
    return Arrays.stream(X).map(f::apply).toArray();
  }

  private double[] gradient(Tensor loss) {
    return tape.backward(loss).of(x).toDoubles();
  }

  @Test
  void aTensorThatIsBothArgumentsGetsBothGradients() {
    assertArrayEquals(each(x -> 2 * x), gradient(x.times(x).sum()));
    assertArrayEquals(each(_ -> 0.0), gradient(x.minus(x).sum()));
    assertArrayEquals(each(_ -> 2.0), gradient(x.concatenate(x, 0).sum()));
  }

  @Test
  void theyAreAddedInWhicheverOrderThePullbackWritesThem() {
    assertArrayEquals(
        each(x -> 2 * x), gradient(new ReversedProduct().apply(x, x).getFirst().sum()));
  }

  @Test
  void aResultThatIsUsedThriceGetsThreeGradients() {
    var y = x.square();
    var loss = y.times(y).plus(y).sum();
    assertArrayEquals(each(x -> (2 * x * x + 1) * 2 * x), gradient(loss), 1e-15);
  }

  @Test
  void resultsThatTheLossDoesNotReachAreLeftOut() {
    var unused = x.exp();
    var loss = x.square().sum();
    unused.tanh();
    assertArrayEquals(each(x -> 2 * x), gradient(loss));
  }

  /// Of the values y = x² and z = 2 y: dy, and dz through y and beside it.
  @Test
  void givenGradientsOfSeveralValuesArePulledBackTogether() {
    var y = x.square();
    var z = y.times(2);
    var dy = Tensor.of(tape, Shape.of(3), 3.0, -1, 0.5);
    var dz = Tensor.of(tape, Shape.of(3), 1.0, 4, -2);
    var expected = new double[3];
    for (int i = 0; i < 3; i++) {
      expected[i] = (dy.toDoubles()[i] + 2 * dz.toDoubles()[i]) * 2 * X[i];
    }
    assertArrayEquals(
        expected, tape.backward(List.of(y, z), List.of(dy, dz)).of(x).toDoubles(), 1e-15);
    assertArrayEquals(
        expected, tape.backward(List.of(z, y), List.of(dz, dy)).of(x).toDoubles(), 1e-15);
    assertArrayEquals(new double[] {3, -1, 0.5}, dy.toDoubles());
    assertArrayEquals(new double[] {1, 4, -2}, dz.toDoubles());
  }

  /// A value named twice has both; a watched one keeps its own beside what comes from behind it.
  @Test
  void givenGradientsAreAddedUpAndStayAsTheyAre() {
    var y = x.square();
    var dy = Tensor.of(tape, Shape.of(3), 3.0, -1, 0.5);
    var dx = Tensor.of(tape, Shape.of(3), 1.0, 1, 1);
    var found = tape.backward(List.of(y, x, y), List.of(dy, dx, dy)).of(x).toDoubles();
    var expected = new double[3];
    for (int i = 0; i < 3; i++) expected[i] = 4 * dy.toDoubles()[i] * X[i] + 1;
    assertArrayEquals(expected, found, 1e-15);
    assertArrayEquals(new double[] {3, -1, 0.5}, dy.toDoubles());
    assertArrayEquals(new double[] {1, 1, 1}, dx.toDoubles());
  }

  @Test
  void whatIsNoGradientOfAValueHereIsRefused() {
    var y = x.square();
    var shorter = Tensor.of(tape, Shape.of(2), 1.0, 2);
    var dy = Tensor.of(tape, Shape.of(3), 1.0, 2, 3);
    assertThrows(InvalidArgument.class, () -> tape.backward(List.of(y), List.of(shorter)));
    assertThrows(InvalidArgument.class, () -> tape.backward(List.of(y), List.of(dy, dy)));
    assertThrows(InvalidArgument.class, () -> tape.backward(List.of(dy), List.of(dy)));
  }

  @Test
  void aGradientThatFollowsManyOthersOfItsSizeIsItsOwn() {
    var y = x;
    for (int i = 0; i < 6; i++) y = y.plus(y.times(0.5)).minus(y.times(0.25)).times(y.plus(1));
    double step = 0x1p-20;
    var direction = new double[] {1, -2, 0.5};
    double claimed = Norms.dot(gradient(y.sum()), direction);
    double slope = (polynomial(direction, step) - polynomial(direction, -step)) / (2 * step);
    assertEquals(slope, claimed, Math.abs(slope) * 1e-7, "a difference at 2^-20 has 7 digits");
  }

  private static double polynomial(double[] direction, double h) {
    double sum = 0;
    for (int i = 0; i < X.length; i++) {
      double y = X[i] + h * direction[i];
      for (int k = 0; k < 6; k++) y = (y + 0.5 * y - 0.25 * y) * (y + 1);
      sum += y;
    }
    return sum;
  }

  @Test
  void theMemoryOfGradientsThatWerePassedOnServesTheNext() {
    var wide = tape.watch(Tensor.filled(tape, DType.F64, Shape.of(1000), 0.5));
    var y = wide;
    for (int i = 0; i < 20; i++) y = y.exp().times(0.25);
    var loss = y.sum();
    long before = tape.usedBytes();
    tape.backward(loss);
    long atOnce = (tape.usedBytes() - before) / (1000 * Double.BYTES);
    assertTrue(atOnce <= 3, "the gradients of 41 results took the memory of " + atOnce);
  }

  @Test
  void eitherValueOfAnOpMayBeUnused() {
    var weight = Tensor.of(tape, Shape.of(3), 1.0, 2, 3);
    var residual = Tensor.of(tape, Shape.of(3), 4.0, 5, 7);
    var values = new ResidualLayerNorm(1e-5, false).apply(x, residual, weight);
    assertArrayEquals(each(_ -> 1.0), gradient(values.get(0).sum()));
    var norm = gradient(values.get(1).square().sum());
    var both = gradient(values.get(1).square().plus(values.get(0)).sum());
    for (int i = 0; i < norm.length; i++) norm[i] += 1;
    assertArrayEquals(norm, both, 1e-12);
  }

  @Test
  void aWatchedResultHasAGradientToo() {
    var y = tape.watch(x.square());
    var loss = y.exp().sum();
    var gradients = tape.backward(loss);
    assertArrayEquals(each(x -> Math.exp(x * x)), gradients.of(y).toDoubles(), 1e-13);
    assertArrayEquals(each(x -> 2 * x * Math.exp(x * x)), gradients.of(x).toDoubles(), 1e-12);
  }

  @Test
  void aSeedScalesAllGradients() {
    var loss = x.square().sum();
    assertArrayEquals(each(x -> x / 2), tape.backward(loss, 0.25).of(x).toDoubles());
  }

  @Test
  void aScopeInsideATapeRecordsNothing() {
    try (var inference = device.scope()) {
      var loss = x.square().sum();
      assertEquals(inference, device.innermost());
      assertThrows(InvalidArgument.class, () -> tape.backward(loss));
    }
    assertArrayEquals(each(x -> 2 * x), gradient(x.square().sum()));
  }

  @Test
  void whatATapeHasNotRecordedHasNoGradients() {
    var constant = Tensor.of(tape, Shape.of(3), X).square().sum();
    assertTrue(refusal(constant).contains("no parameter"));
    assertTrue(refusal(x.square()).contains("(3)"), "a loss of three elements");
    var own = x.square();
    var other = Tape.open(device);
    assertFalse(own.sum().isRecorded(), "a tape records what another's results become");
    var elsewhere = other.watch(Tensor.of(other, Shape.of(3), X)).square().sum();
    other.close();
    var reopened = Tape.open(device);
    var foreign = reopened.watch(Tensor.of(reopened, Shape.of(3), X)).square().sum();
    assertTrue(refusal(foreign).contains("has not recorded the loss"));
    assertTrue(refusal(Tensor.filled(tape, DType.F64, Shape.SCALAR, 1)).contains("no parameter"));
    assertThrows(ClosedTensor.class, () -> tape.backward(elsewhere));
  }

  private String refusal(Tensor loss) {
    return assertThrows(InvalidArgument.class, () -> tape.backward(loss)).getMessage();
  }

  @Test
  void askingForAnUnknownGradientThrowsASentence() {
    var constant = Tensor.of(tape, Shape.of(3), X);
    var unreached = tape.watch(Tensor.of(tape, Shape.of(1, 3), X));
    var gradients = tape.backward(x.times(constant).sum());
    assertThrows(InvalidArgument.class, () -> gradients.of(constant));
    var why = assertThrows(InvalidArgument.class, () -> gradients.of(unreached)).getMessage();
    assertTrue(why.contains("(1, 3)"), why);
  }

  @Test
  void anArgumentClosedBeforeTheWalkIsNamed() {
    Tensor loss;
    var scope = device.scope();
    var factor = Tensor.of(scope, Shape.of(3), X);
    try (var inner = Tape.open(device)) {
      var y = inner.watch(Tensor.of(inner, Shape.of(3), X));
      loss = y.times(factor).sum();
      scope.close();
      var why = assertThrows(ClosedTensor.class, () -> inner.backward(loss)).getMessage();
      assertTrue(why.contains("multiply"), why);
    }
  }
}
