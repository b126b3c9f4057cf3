package dev.gatun.optim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.ffi.Kernels;
import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// One step of Sophia against numbers worked by hand, in fp64.
///
/// Everywhere m = 0.5 m + 0.5 g, with the gradients halved by clipping where there is a norm; gamma
/// is 0.5 and the rate 0.1. The first two weights decay by 0.1 * 0.2 of themselves.
@Tag("laws")
@Tag("backend")
class SophiaStepTest {
  private static final double EPS = 0.25;
  private static final double ROUNDING = 4 * Math.ulp(1.0);

  /// h is large; negative; zero; below what eps floors it to; infinite is what no m exceeds.
  private static final double[] H = {4, -8, 0, 0.25, 1e300};

  private static final double[] WEIGHTS = {1, -2, 3, 1, 1};
  private static final double[] M = {0, 1, -1, 0.1, 1e6};
  private static final double[] GRADIENTS = {2, 1, -2, 0.1, 1e6};

  @AutoClose private OnDevice on;
  private MemorySegment weights;
  private MemorySegment m;
  private MemorySegment unclipped;

  @BeforeEach
  void open() {
    on = new OnDevice();
    weights = on.doubles(WEIGHTS);
    m = on.doubles(M);
    unclipped = on.longs(-1);
  }

  private void again() {
    on.close();
    open();
  }

  /// m = 1, 1, -1.5, 0.1, 1e6; d = 2, 0.25, 0.25, 0.25, 5e299.
  @Test
  void theMeanIsDividedByTheFlooredCurvatureAndCut() {
    step(null, null, Kernels.SOPHIA_FLOORED, 0);
    near(m, 1, 1, -1.5, 0.1, 1e6);
    near(
        weights,
        1 - 0.1 * (1 / 2.0 + 0.2),
        -2 - 0.1 * (1 - 0.4),
        3 + 0.1,
        1 - 0.1 * (0.1 / 0.25),
        1 - 0.1 * 1e6 / 5e299);
    assertEquals(3, on.longAt(unclipped));
  }

  /// d = 2.25, -3.75, 0.25, 0.375, 5e299: below zero the sign alone counts, as at zero.
  @Test
  void epsMayBeAddedInstead() {
    step(null, null, Kernels.SOPHIA_ADDED, 0);
    near(
        weights,
        1 - 0.1 * (1 / 2.25 + 0.2),
        -2 - 0.1 * (1 - 0.4),
        3 + 0.1,
        1 - 0.1 * (0.1 / 0.375),
        1 - 0.1 * 1e6 / 5e299);
    assertEquals(3, on.longAt(unclipped));
  }

  /// At step 2 the mean is divided by 1 - 0.25, and stored as it was.
  @Test
  void theMeanMayBeCorrected() {
    step(null, null, Kernels.SOPHIA_FLOORED, 1);
    near(m, 1, 1, -1.5, 0.1, 1e6);
    near(
        weights,
        1 - 0.1 * (1 / 0.75 / 2 + 0.2),
        -2 - 0.1 * (1 - 0.4),
        3 + 0.1,
        1 - 0.1 * (0.1 / 0.75 / 0.25),
        1 - 0.1 * 1e6 / 0.75 / 5e299);
  }

  /// After 2 refreshes h is divided by 1 - 0.64: d = 2 / 0.36, 0.25, 0.25, 0.125 / 0.36, 5e299 /
  /// 0.36. Before the first it is left alone.
  @Test
  void theCurvatureMayBeCorrected() {
    step(on.longs(2), null, Kernels.SOPHIA_FLOORED, 0);
    near(
        weights,
        1 - 0.1 * (0.36 / 2 + 0.2),
        -2 - 0.1 * (1 - 0.4),
        3 + 0.1,
        1 - 0.1 * (0.1 * 0.36 / 0.125),
        1 - 0.1 * 1e6 * 0.36 / 5e299);
    again();
    step(on.longs(0), null, Kernels.SOPHIA_FLOORED, 0);
    var uncorrected = on.doublesAt(weights, WEIGHTS.length);
    again();
    step(null, null, Kernels.SOPHIA_FLOORED, 0);
    assertArrayEquals(on.doublesAt(weights, WEIGHTS.length), uncorrected);
  }

  /// The norm is twice the largest but for 1e-6, so m = 0.5, 0.75, -1, 0.075, 7.5e5.
  @Test
  void gradientsAreClippedByTheirNorm() {
    step(null, on.doubles(2 - 1e-6), Kernels.SOPHIA_FLOORED, 0);
    near(m, 0.5, 0.75, -1, 0.075, 7.5e5);
  }

  @Test
  void whatIsNoNumberStaysSo() {
    var gradients = GRADIENTS.clone();
    gradients[0] = Double.NaN;
    var h = H.clone();
    h[3] = Double.NaN;
    step(h, gradients, null, null, Kernels.SOPHIA_FLOORED, 0);
    var found = on.doublesAt(weights, WEIGHTS.length);
    for (int i = 0; i < found.length; i++) assertEquals(i % 3 == 0, Double.isNaN(found[i]));
  }

  /// Where m and d are both 0 nothing moves: eps may be 0.
  @Test
  void nothingMovesWithoutAGradient() {
    double[] zeros = new double[3];
    var still = on.doubles(1, 2, 3);
    launch(
        still, on.doubles(zeros), on.doubles(zeros), on.doubles(zeros), 3, 0, null, null, 0, 0, 0);
    assertArrayEquals(new double[] {1, 2, 3}, on.doublesAt(still, 3));
    assertEquals(0, on.longAt(unclipped));
  }

  /// As many as the host counts, wherever threads and blocks begin, and none of an empty arena.
  @Test
  void everyUnclippedWeightIsCountedOnce() {
    for (int n : new int[] {0, 1, 255, 40_001}) {
      var random = new SplittableRandom(n);
      var means = random.doubles(n, -1, 1).toArray();
      var curvatures = random.doubles(n, -0.5, 1.5).toArray();
      long expected = 0;
      for (int i = 0; i < n; i++) {
        if (Math.abs(0.5 * means[i]) < Math.max(0.5 * curvatures[i], EPS)) expected++;
      }
      var zeros = new double[n];
      launch(
          on.doubles(zeros),
          on.doubles(means),
          on.doubles(curvatures),
          on.doubles(zeros),
          n,
          n / 2,
          null,
          null,
          EPS,
          Kernels.SOPHIA_FLOORED,
          0);
      assertEquals(expected, on.longAt(unclipped), "of " + n);
    }
  }

  private void step(MemorySegment refreshes, MemorySegment norm, int form, int correctMean) {
    step(H, GRADIENTS, refreshes, norm, form, correctMean);
  }

  private void step(
      double[] h,
      double[] gradients,
      MemorySegment refreshes,
      MemorySegment norm,
      int form,
      int correctMean) {
    int n = WEIGHTS.length;
    launch(
        weights,
        m,
        on.doubles(h),
        on.doubles(gradients),
        n,
        2,
        refreshes,
        norm,
        EPS,
        form,
        correctMean);
  }

  private void launch(
      MemorySegment w,
      MemorySegment mean,
      MemorySegment h,
      MemorySegment gradients,
      int n,
      int decayed,
      MemorySegment refreshes,
      MemorySegment norm,
      double eps,
      int form,
      int correctMean) {
    on.kernels()
        .sophiaStep(
            on.stream(),
            w,
            null,
            mean,
            unclipped,
            h,
            gradients,
            on.doubles(0.1),
            on.longs(2),
            refreshes,
            norm,
            null,
            0,
            n,
            decayed,
            0.5,
            0.8,
            0.5,
            eps,
            0.2,
            1,
            form,
            correctMean,
            Kernels.F64);
  }

  private void near(MemorySegment found, double... expected) {
    var elements = on.doublesAt(found, expected.length);
    for (int i = 0; i < expected.length; i++) {
      double allowed = ROUNDING * Math.max(1, Math.abs(expected[i]));
      assertEquals(expected[i], elements[i], allowed, "element " + i);
    }
  }
}
