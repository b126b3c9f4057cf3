package dev.gatun.optim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.ffi.Kernels;
import dev.gatun.nn.Parameters;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Sophia where the Hessian is known, and diagonal: its estimate is then exact with one probe of
/// signs. Without momentum and with gamma 1 the update is Newton's, cut to between -1 and 1.
@Tag("laws")
@Tag("backend")
class SophiaOnSurfacesTest {
  private static final int SIZE = 24;
  private static final double TOLERANCE = 1e-3;
  private static final Sophia.Config NEWTON =
      Sophia.Config.HUTCHINSON
          .withBetas(0, 0)
          .withGamma(1)
          .withWeightDecay(0)
          .withMaxNorm(Double.POSITIVE_INFINITY);

  @AutoClose private OnDevice on;
  private MemorySegment key;

  @BeforeEach
  void open() {
    on = new OnDevice();
    key = on.longs(3, 4);
  }

  /// Of sum d x^2 / 2 every coordinate goes to 0 by x = x - 0.5 min(|x|, 1) sign(x), whatever d:
  /// from 2 to 1.5, 1 and then by halves, 0.5^10 < 0.001 after ten more. Gradient descent must not
  /// step further than 2 / condition and so, from 2, needs more than condition * ln(2000) / 2 - 8
  /// steps: ln(1 - 2 / c) > -2 / c - 4 / c^2 for c of 4 and more.
  @Test
  void theStepsToToleranceDoNotGrowWithTheCondition() {
    for (double condition : new double[] {1, 10, 100, 1e3, 1e4, 1e5, 1e6}) {
      var d = new double[SIZE];
      for (int i = 0; i < SIZE; i++) d[i] = Math.pow(condition, i / (SIZE - 1.0));
      assertEquals(12, sophiaSteps(d), "condition " + condition);
      if (condition < 10 || condition > 1e4) continue;
      double least = condition * Math.log(2 / TOLERANCE) / 2 - 8;
      double steps = descentSteps(d);
      assertTrue(steps >= least, "condition %s: %s steps".formatted(condition, steps));
    }
  }

  private int sophiaSteps(double[] d) {
    UnaryOperator<double[]> gradient = x -> times(d, x);
    var parameters = parameters(2);
    var sophia = new Sophia(parameters, NEWTON);
    for (int steps = 0; ; steps++) {
      var x = at(parameters);
      if (Arrays.stream(x).allMatch(each -> Math.abs(each) < TOLERANCE)) return steps;
      step(sophia, parameters, gradient.apply(x), d, 0.5);
    }
  }

  /// Along the steepest and the flattest coordinate, at the rate that serves both best.
  private static int descentSteps(double[] d) {
    double rate = 2 / (d[0] + d[SIZE - 1]);
    var x = new double[] {2, 2};
    int steps = 0;
    for (; Math.max(Math.abs(x[0]), Math.abs(x[1])) >= TOLERANCE; steps++) {
      x[0] -= rate * d[0] * x[0];
      x[1] -= rate * d[SIZE - 1] * x[1];
    }
    return steps;
  }

  /// x^2 - y^2 + y^4 has a saddle at 0 and its least value, -1/4, where y^2 = 1/2. Newton's step
  /// goes to the saddle; where the curvature is negative Sophia goes down by the sign.
  @Test
  void sophiaLeavesTheSaddleThatCatchesNewton() {
    double x = 0.5;
    double y = 0.05;
    for (int i = 0; i < 50; i++) {
      x -= 0.5 * (2 * x) / 2;
      y -= 0.5 * (-2 * y + 4 * y * y * y) / (-2 + 12 * y * y);
    }
    assertEquals(0, Math.hypot(x, y), 1e-9, "Newton's step is caught");

    var parameters = parameters(0);
    var start = new double[SIZE];
    start[0] = 0.5;
    start[1] = 0.05;
    parameters.get("x").copyFrom(MemorySegment.ofArray(start));
    var sophia = new Sophia(parameters, NEWTON);
    for (int i = 0; i < 100; i++) {
      var p = at(parameters);
      var gradient = new double[SIZE];
      var curvature = new double[SIZE];
      gradient[0] = 2 * p[0];
      gradient[1] = -2 * p[1] + 4 * p[1] * p[1] * p[1];
      curvature[0] = 2;
      curvature[1] = -2 + 12 * p[1] * p[1];
      step(sophia, parameters, gradient, curvature, 0.1);
    }
    var end = at(parameters);
    assertEquals(0, end[0], 1e-3);
    assertEquals(Math.sqrt(0.5), end[1], 1e-3);
  }

  /// The share counts the parameter's elements, not the padding behind them: of 24, those
  /// with |m| < max(h, eps).
  @Test
  void theUnclippedShareLeavesPaddingOut() {
    var parameters = parameters(1);
    var sophia = new Sophia(parameters, NEWTON);
    var gradient = new double[SIZE];
    var curvature = new double[SIZE];
    Arrays.fill(gradient, 1);
    Arrays.fill(curvature, 0, 6, 2);
    step(sophia, parameters, gradient, curvature, 0.1);
    assertEquals(6.0 / SIZE, sophia.unclippedShare());
    assertEquals(1, sophia.refreshes());
  }

  private static double[] times(double[] a, double[] b) {
    var product = new double[a.length];
    for (int i = 0; i < a.length; i++) product[i] = a[i] * b[i];
    return product;
  }

  private Parameters parameters(double value) {
    var parameters = Parameters.declare().plain("x", SIZE).allocate(on.memory(), DType.F64);
    var start = new double[SIZE];
    Arrays.fill(start, value);
    parameters.get("x").copyFrom(MemorySegment.ofArray(start));
    return parameters;
  }

  private static double[] at(Parameters parameters) {
    return parameters.get("x").toDoubles();
  }

  /// Refreshes the curvature from the Hessian's product with a probe, then steps.
  private void step(
      Sophia sophia, Parameters parameters, double[] gradient, double[] diagonal, double rate) {
    int all = (int) parameters.count();
    var probe = Tensor.zeros(on.memory(), DType.F64, Shape.of(all)).data();
    on.kernels().randomSign(on.stream(), probe, key, 0, all, Kernels.F64);
    var product = times(on.doublesAt(probe, all), Arrays.copyOf(diagonal, all));
    sophia.refreshHutchinson(on.doubles(product), key, Sophia.Probe.SIGNS);
    var slot = parameters.get("x").slot().orElseThrow();
    Tensor.over(on.memory(), slot.gradient(), DType.F64, parameters.get("x").shape(), null)
        .copyFrom(MemorySegment.ofArray(gradient));
    slot.fresh(false);
    sophia.step(rate);
  }
}
