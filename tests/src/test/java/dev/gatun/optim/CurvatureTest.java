package dev.gatun.optim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.ffi.Kernels;
import dev.gatun.laws.Bf16;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Estimates of a Hessian's diagonal, in fp64.
@Tag("laws")
@Tag("backend")
class CurvatureTest {
  private static final int N = 4099;
  private static final double BETA = 0.75;

  /// Three roundings of numbers up to 7 * 7, the square of the largest normal and some more.
  private static final double ROUNDING = 3 * 49 * Math.ulp(1.0);

  @AutoClose private OnDevice on;
  private MemorySegment key;

  @BeforeEach
  void open() {
    on = new OnDevice();
    key = on.longs(77, 5);
  }

  /// The Hessian of sum of d x^2 / 2 is d: its product with a sign vector, times that, is d itself.
  @ParameterizedTest
  @CsvSource({"0", "3", "1000000000000"})
  void oneProbeOfSignsIsExactOnADiagonal(long first) {
    var diagonal = new SplittableRandom(1).doubles(N, -2, 5).toArray();
    var probe = probe(Kernels.SIGNS, first);
    var product = new double[N];
    for (int i = 0; i < N; i++) product[i] = diagonal[i] * probe[i];
    var h = on.doubles(new double[N]);
    blend(h, product, first, 0, Kernels.SIGNS);
    assertArrayEquals(diagonal, on.doublesAt(h, N));
  }

  @ParameterizedTest
  @CsvSource({"0,0", "0,1", "3,0", "3,1"})
  void theProbeIsThatOfTheRandomNumbers(long first, int kind) {
    var before = new SplittableRandom(2).doubles(N, -1, 1).toArray();
    var product = new SplittableRandom(3).doubles(N, -1, 1).toArray();
    var probe = probe(kind, first);
    var h = on.doubles(before);
    blend(h, product, first, BETA, kind);
    var found = on.doublesAt(h, N);
    for (int i = 0; i < N; i++) {
      assertEquals(0.75 * before[i] + 0.25 * probe[i] * product[i], found[i], ROUNDING, "at " + i);
    }
  }

  @Test
  void shardsHaveTheBitsOfTheWhole() {
    int cut = 1234;
    var product = new SplittableRandom(3).doubles(N, -1, 1).toArray();
    var whole = on.doubles(new double[N]);
    blend(whole, product, 8, BETA, Kernels.NORMALS);
    var low = on.doubles(new double[cut]);
    blend(low, Arrays.copyOf(product, cut), 8, BETA, Kernels.NORMALS);
    var high = on.doubles(new double[N - cut]);
    blend(high, Arrays.copyOfRange(product, cut, N), 8 + cut, BETA, Kernels.NORMALS);
    var all = on.doublesAt(whole, N);
    assertArrayEquals(Arrays.copyOf(all, cut), on.doublesAt(low, cut));
    assertArrayEquals(Arrays.copyOfRange(all, cut, N), on.doublesAt(high, N - cut));
  }

  /// With a product of 1 and no h, h is the probe that activations in bf16 see.
  @ParameterizedTest
  @CsvSource({"0", "3"})
  void theProbeIsRoundedWhereActivationsAre(long first) {
    var ones = new float[N];
    Arrays.fill(ones, 1);
    var h = on.floats(new float[N]);
    var u = on.shorts(new short[N]);
    on.kernels()
        .curvatureHutchinson(
            on.stream(), h, on.floats(ones), key, first, N, 0, Kernels.NORMALS, Kernels.BF16);
    on.kernels().randomNormal(on.stream(), u, key, first, N, 0, 1, Kernels.BF16);
    var found = on.floatsAt(h, N);
    var probe = on.shortsAt(u, N);
    for (int i = 0; i < N; i++) assertEquals(Bf16.decode(probe[i]), found[i], "at " + i);
  }

  /// 0.75 h + 0.25 * 12 g^2.
  @Test
  void bartlettsEstimateIsTheSquareTimesTheLabels() {
    var h = on.doubles(1, -2, 0, 8);
    var gradients = on.doubles(1, -0.5, 3, 0);
    on.kernels().curvatureBartlett(on.stream(), h, gradients, on.longs(12), 4, BETA, Kernels.F64);
    assertArrayEquals(new double[] {3.75, -0.75, 27, 6}, on.doublesAt(h, 4));
  }

  private double[] probe(int kind, long first) {
    var u = on.doubles(new double[N]);
    if (kind == Kernels.SIGNS) {
      on.kernels().randomSign(on.stream(), u, key, first, N, Kernels.F64);
    } else {
      on.kernels().randomNormal(on.stream(), u, key, first, N, 0, 1, Kernels.F64);
    }
    return on.doublesAt(u, N);
  }

  private void blend(MemorySegment h, double[] product, long first, double beta, int kind) {
    on.kernels()
        .curvatureHutchinson(
            on.stream(),
            h,
            on.doubles(product),
            key,
            first,
            product.length,
            beta,
            kind,
            Kernels.F64);
  }
}
