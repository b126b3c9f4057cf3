package dev.gatun.laws;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.grad.HessianVector;
import dev.gatun.grad.Tape;
import dev.gatun.memory.Device;
import dev.gatun.op.Attention;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.io.IOException;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// One head over 32,768 positions, forward, backward and along a direction, in 1 GiB, kernels'
/// scratch included: a matrix of scores alone would take four. Chosen rows are computed again here
/// in fp64. The loss sees some rows only, so that the gradient by every key and value is a sum over
/// those.
@Tag("long")
class LongAttentionTest {
  private static final int T = 32_768;
  private static final int D = 64;
  private static final double SCALE = 1 / Math.sqrt(D);
  private static final int[] ROWS = {0, 1, 63, 64, 1_000, 12_345, 20_001, T - 65, T - 2, T - 1};
  private static final int[] KEYS = {0, 1, 62, 64, 999, 12_345, 20_000, T - 64, T - 2, T - 1};

  /// A sum of at most T products: each rounds once, and so does each addition; errors add up as a
  /// random walk does.
  private static final double ROUNDING = Math.sqrt(T) * 0x1p-24;

  private static final long SEED = 32_768;
  private static final long GIBIBYTE = 1L << 30;
  private static final Shape SHAPE = Shape.of(1, T, 3 * D);

  private final float[] qkv = draw(T * 3 * D, 1);
  private final float[] weights = new float[T * D];
  private final double[][] probabilities = new double[ROWS.length][];

  private static float[] draw(int count, int salt) {
    var random = new SplittableRandom(SEED + salt);
    var drawn = new float[count];
    for (int i = 0; i < count; i++) drawn[i] = (float) random.nextDouble(-2, 2);
    return drawn;
  }

  @Test
  void aHeadOf32768PositionsFitsIntoOneGibibyte() throws IOException {
    var drawn = draw(ROWS.length * D, 2);
    for (int r = 0; r < ROWS.length; r++) {
      System.arraycopy(drawn, r * D, weights, ROWS[r] * D, D);
      probabilities[r] = softmax(ROWS[r]);
    }
    var memory = new PeakMemory();
    try (var device = Device.cpu();
        var tape = Tape.open(device, GIBIBYTE)) {
      var x = tape.watch(Tensor.of(tape, SHAPE, qkv));
      var y = new Attention(1, SCALE, true).apply(x).getFirst();
      var loss = y.times(Tensor.of(tape, y.shape(), weights)).sum();
      var gradient = tape.backward(loss).of(x).toFloats();
      requireValues(y.toFloats());
      requireQueryGradients(gradient);
      requireKeyAndValueGradients(gradient);
    }
    requireOneGibibyte(memory);
  }

  /// The Hessian is symmetric: u by its product with v is v by its product with u.
  @Test
  void soDoesItsProductWithTheHessian() throws IOException {
    var memory = new PeakMemory();
    var u = draw(qkv.length, 3);
    var v = draw(qkv.length, 4);
    var alongU = product(u);
    var alongV = product(v);
    double size = Math.sqrt(dot(u, u) * dot(alongV, alongV));
    double rounding = ROUNDING * size / Math.sqrt(u.length);
    assertEquals(dot(v, alongU), dot(u, alongV), rounding, "seed " + SEED);
    assertTrue(Math.abs(dot(u, alongV)) > 1_000 * rounding, "it says something");
    requireOneGibibyte(memory);
  }

  private float[] product(float[] direction) {
    try (var device = Device.cpu();
        var tape = Tape.open(device, GIBIBYTE)) {
      var x = tape.watch(Tensor.of(tape, SHAPE, qkv));
      var y = new Attention(1, SCALE, true).apply(x).getFirst();
      var loss = y.times(Tensor.of(tape, y.shape(), draw(T * D, 2))).sum();
      return HessianVector.along((_, work) -> Tensor.of(work, SHAPE, direction))
          .of(tape, loss)
          .of(x)
          .toFloats();
    }
  }

  private static double dot(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) sum += (double) a[i] * b[i];
    return sum;
  }

  private static void requireOneGibibyte(PeakMemory memory) throws IOException {
    long grown = memory.grown();
    assertTrue(grown < GIBIBYTE, () -> "%,d bytes".formatted(grown));
  }

  private double at(int row, int part, int d) {
    return qkv[(row * 3 + part) * D + d];
  }

  private double[] softmax(int row) {
    var p = new double[row + 1];
    for (int u = 0; u <= row; u++) {
      for (int d = 0; d < D; d++) p[u] += at(row, 0, d) * at(u, 1, d);
      p[u] *= SCALE;
    }
    double largest = Arrays.stream(p).max().orElseThrow();
    double total = 0;
    for (int u = 0; u <= row; u++) total += p[u] = Math.exp(p[u] - largest);
    for (int u = 0; u <= row; u++) p[u] /= total;
    return p;
  }

  private void requireValues(float[] y) {
    for (int r = 0; r < ROWS.length; r++) {
      for (int d = 0; d < D; d++) {
        double sum = 0;
        double size = 0;
        for (int u = 0; u <= ROWS[r]; u++) {
          double term = probabilities[r][u] * at(u, 2, d);
          sum += term;
          size += Math.abs(term);
        }
        require("y", ROWS[r], d, sum, y[ROWS[r] * D + d], 2 * ROUNDING * size);
      }
    }
  }

  /// The gradient by each score of a row that the loss sees; `sizes` receives its magnitude before
  /// terms cancel.
  private double[] scoreGradients(int r, double[] sizes) {
    var p = probabilities[r];
    var ds = new double[p.length];
    double mean = 0;
    double size = 0;
    for (int u = 0; u < p.length; u++) {
      for (int d = 0; d < D; d++) {
        double term = weights[ROWS[r] * D + d] * at(u, 2, d);
        ds[u] += term;
        sizes[u] += Math.abs(term);
      }
      mean += p[u] * ds[u];
      size += p[u] * sizes[u];
    }
    for (int u = 0; u < p.length; u++) {
      ds[u] = SCALE * p[u] * (ds[u] - mean);
      sizes[u] = SCALE * p[u] * (sizes[u] + size);
    }
    return ds;
  }

  private void requireQueryGradients(float[] gradient) {
    for (int r = 0; r < ROWS.length; r++) {
      var sizes = new double[probabilities[r].length];
      var ds = scoreGradients(r, sizes);
      for (int d = 0; d < D; d++) {
        double sum = 0;
        double size = 0;
        for (int u = 0; u < ds.length; u++) {
          sum += ds[u] * at(u, 1, d);
          size += sizes[u] * Math.abs(at(u, 1, d));
        }
        int row = ROWS[r];
        require("dq", row, d, sum, gradient[row * 3 * D + d], 3 * ROUNDING * size);
      }
    }
  }

  private void requireKeyAndValueGradients(float[] gradient) {
    var sizes = new double[ROWS.length][];
    var ds = new double[ROWS.length][];
    for (int r = 0; r < ROWS.length; r++) {
      sizes[r] = new double[probabilities[r].length];
      ds[r] = scoreGradients(r, sizes[r]);
    }
    for (int key : KEYS) {
      var seeing = IntStream.range(0, ROWS.length).filter(r -> key <= ROWS[r]).toArray();
      for (int d = 0; d < D; d++) {
        double dk = 0;
        double dv = 0;
        double sizeOfKey = 0;
        double sizeOfValue = 0;
        for (int r : seeing) {
          dk += ds[r][key] * at(ROWS[r], 0, d);
          sizeOfKey += sizes[r][key] * Math.abs(at(ROWS[r], 0, d));
          double term = probabilities[r][key] * weights[ROWS[r] * D + d];
          dv += term;
          sizeOfValue += Math.abs(term);
        }
        require("dk", key, d, dk, gradient[(key * 3 + 1) * D + d], 3 * ROUNDING * sizeOfKey);
        require("dv", key, d, dv, gradient[(key * 3 + 2) * D + d], 3 * ROUNDING * sizeOfValue);
      }
    }
  }

  private static void require(
      String what, int row, int d, double expected, double found, double rounding) {
    assertTrue(
        Math.abs(found - expected) <= rounding,
        () ->
            "%s[%d, %d] is %.9g, expected %.9g within %.3g, seed %d"
                .formatted(what, row, d, found, expected, rounding, SEED));
  }
}
