package dev.gatun.laws;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.grad.Tape;
import dev.gatun.memory.Device;
import dev.gatun.op.HeadLoss;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// The head of GPT-2's vocabulary over 16,384 rows, forward and backward, in 1 GiB: the logits
/// alone would take three. The rows of x repeat 37 different ones, out of step with every chunk, so
/// that the loss and all gradients can be computed again here in fp64.
@Tag("long")
class LargeVocabularyTest {
  private static final int VOCABULARY = 50_257;
  private static final int STRIDE = 50_304;
  private static final int ROWS = 16_384;
  private static final int C = 64;
  private static final int DIFFERENT = 37;
  private static final int IGNORED_EVERY = 5;
  private static final long SEED = 50_257;

  private final SplittableRandom random = new SplittableRandom(SEED);
  private final float[] distinct = draw(DIFFERENT * C, 0.5);
  private final float[] table = draw(STRIDE * C, 1);
  private final float[] x = new float[ROWS * C];
  private final int[] targets = new int[ROWS];
  private final double[][] probabilities = new double[DIFFERENT][VOCABULARY];
  private final double[] lse = new double[DIFFERENT];
  private int counted;

  private float[] draw(int count, double bound) {
    var drawn = new float[count];
    for (int i = 0; i < count; i++) drawn[i] = (float) random.nextDouble(-bound, bound);
    return drawn;
  }

  @Test
  void aHeadOf50257WordsOver16384RowsFitsIntoOneGibibyte() {
    for (int row = 0; row < ROWS; row++) {
      System.arraycopy(distinct, row % DIFFERENT * C, x, row * C, C);
      boolean ignored = row % IGNORED_EVERY == 2;
      targets[row] = ignored ? -100 : random.nextInt(VOCABULARY);
      if (!ignored) counted++;
    }
    for (int k = 0; k < DIFFERENT; k++) lse[k] = softmax(k);
    try (var device = Device.cpu();
        var tape = Tape.open(device, 1L << 30)) {
      var rows = tape.watch(Tensor.of(tape, Shape.of(ROWS, C), x));
      var words = tape.watch(Tensor.of(tape, Shape.of(STRIDE, C), table));
      var named = Tensor.of(tape, Shape.of(ROWS), targets);
      var loss = new HeadLoss(VOCABULARY).apply(rows, words, named).getFirst();
      var gradients = tape.backward(loss);
      requireClose("loss", new double[] {loss()}, loss.toDoubles(), 2, ROWS);
      requireClose("dx", rowGradients(), gradients.of(rows).toDoubles(), 3, VOCABULARY);
      requireClose("dtable", wordGradients(), gradients.of(words).toDoubles(), 3, ROWS);
    }
  }

  private double logit(int k, int word) {
    double sum = 0;
    for (int c = 0; c < C; c++) sum += (double) distinct[k * C + c] * table[word * C + c];
    return sum;
  }

  private double softmax(int k) {
    var p = probabilities[k];
    for (int word = 0; word < VOCABULARY; word++) p[word] = logit(k, word);
    double largest = Arrays.stream(p).max().orElseThrow();
    double total = 0;
    for (int word = 0; word < VOCABULARY; word++) total += p[word] = Math.exp(p[word] - largest);
    for (int word = 0; word < VOCABULARY; word++) p[word] /= total;
    return largest + Math.log(total);
  }

  private double loss() {
    double sum = 0;
    for (int row = 0; row < ROWS; row++) {
      int k = row % DIFFERENT;
      if (targets[row] >= 0) sum += lse[k] - logit(k, targets[row]);
    }
    return sum / counted;
  }

  private double[] rowGradients() {
    var expected = new double[DIFFERENT][C];
    for (int k = 0; k < DIFFERENT; k++) {
      for (int word = 0; word < VOCABULARY; word++) {
        for (int c = 0; c < C; c++) expected[k][c] += probabilities[k][word] * table[word * C + c];
      }
    }
    var dx = new double[ROWS * C];
    for (int row = 0; row < ROWS; row++) {
      if (targets[row] < 0) continue;
      for (int c = 0; c < C; c++) {
        double minus = table[targets[row] * C + c];
        dx[row * C + c] = (expected[row % DIFFERENT][c] - minus) / counted;
      }
    }
    return dx;
  }

  private double[] wordGradients() {
    var dtable = new double[STRIDE * C];
    var times = new int[DIFFERENT];
    for (int row = 0; row < ROWS; row++) {
      if (targets[row] < 0) continue;
      times[row % DIFFERENT]++;
      for (int c = 0; c < C; c++) {
        dtable[targets[row] * C + c] -= (double) x[row * C + c] / counted;
      }
    }
    for (int k = 0; k < DIFFERENT; k++) {
      for (int word = 0; word < VOCABULARY; word++) {
        double share = probabilities[k][word] * times[k] / counted;
        for (int c = 0; c < C; c++) dtable[word * C + c] += share * distinct[k * C + c];
      }
    }
    return dtable;
  }

  /// In norm; the rounding errors of a sum of `terms` add up as a random walk does.
  private static void requireClose(
      String what, double[] expected, double[] found, int multiple, int terms) {
    double error = Math.sqrt(Norms.squaredDistance(expected, found));
    double size = Math.sqrt(Norms.dot(expected, expected));
    double allowed = multiple * Math.sqrt(terms) * 0x1p-24 * size;
    assertTrue(
        error <= allowed,
        () -> "%s errs by %.3g of %.3g, seed %d".formatted(what, error, size, SEED));
  }
}
