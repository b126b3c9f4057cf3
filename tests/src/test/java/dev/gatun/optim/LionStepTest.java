package dev.gatun.optim;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.ffi.Kernels;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// One step of Lion against numbers worked by hand, in fp64: beta1 is 0.5, beta2 0.75, the
/// rate 0.1; the first weight decays by 0.1 * 0.2 of itself; the norm halves the gradients,
/// to 1, -1, -0.5 and 0.25.
@Tag("laws")
@Tag("backend")
class LionStepTest {
  private static final double ROUNDING = 4 * Math.ulp(1.0);

  /// The signs are those of 0.5 m + 0.5 g = 1.5, 0.5, 0 and -0.375.
  @Test
  void theSignMovesAndTheMeanFollows() {
    try (var on = new OnDevice()) {
      var weights = on.doubles(1, 2, 3, 4);
      var m = on.doubles(2, 2, 0.5, -1);
      on.kernels()
          .lionStep(
              on.stream(),
              weights,
              null,
              m,
              on.doubles(2, -2, -1, 0.5),
              on.doubles(0.1),
              on.longs(1),
              on.doubles(2 - 1e-6),
              null,
              0,
              4,
              1,
              0.5,
              0.75,
              0.2,
              1,
              Kernels.F64);
      near(on.doublesAt(weights, 4), 1 - 0.1 * (1 + 0.2), 1.9, 3, 4.1);
      near(on.doublesAt(m, 4), 1.75, 1.25, 0.25, -0.6875);
    }
  }

  private static void near(double[] found, double... expected) {
    for (int i = 0; i < expected.length; i++) {
      assertEquals(expected[i], found[i], ROUNDING * Math.abs(expected[i]), "element " + i);
    }
  }
}
