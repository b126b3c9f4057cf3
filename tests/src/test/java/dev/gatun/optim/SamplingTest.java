package dev.gatun.optim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.ffi.Kernels;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Labels are drawn from the softmax of their rows, by the numbers that the header names.
@Tag("laws")
@Tag("backend")
class SamplingTest {
  /// Behind the vocabulary of a row stands what would win every draw.
  private static final double BEHIND = 1e6;

  /// A sum of 1100 numbers up to 1, in any order, errs by less; exponentials by a few units more.
  private static final double ROUNDING = 2048 * Math.ulp(1.0);

  @AutoClose private OnDevice on;
  private MemorySegment key;

  @BeforeEach
  void open() {
    on = new OnDevice();
    key = on.longs(123, 9);
  }

  @ParameterizedTest
  @CsvSource({"1,1,0", "5,8,0", "17,19,3", "1100,1104,1", "1023,1023,7"})
  void theLabelIsWhereTheCumulativeSumPassesTheUniform(int vocab, int stride, long first) {
    int rows = 96;
    var logits = logits(rows, vocab, stride, 6);
    var labels = draw(logits, null, first, rows, vocab, stride);
    var uniforms = on.doubles(new double[rows]);
    on.kernels().randomUniform(on.stream(), uniforms, key, first, rows, 0, 1, Kernels.F64);
    var u = on.doublesAt(uniforms, rows);
    for (int r = 0; r < rows; r++) {
      var row = Arrays.copyOfRange(logits, r * stride, r * stride + vocab);
      var softmax = softmax(row);
      double before = 0;
      for (int j = 0; j < labels[r]; j++) before += softmax[j];
      assertTrue(
          before <= u[r] + ROUNDING && u[r] < before + softmax[labels[r]] + ROUNDING,
          "row %d: label %d begins at %s, uniform %s".formatted(r, labels[r], before, u[r]));
    }
  }

  /// Of draws from the right distribution the statistic exceeds k + 2 sqrt(k t) + 2 t, k degrees of
  /// freedom, with a chance below e^-t (Laurent and Massart 2000): t = 14 makes that one in a
  /// million.
  @Test
  void labelsFollowTheSoftmax() {
    int rows = 4096;
    int vocab = 7;
    var row = new double[] {0, 1, -1, 0.5, 2, -2, 0};
    var logits = new double[rows * vocab];
    for (int r = 0; r < rows; r++) System.arraycopy(row, 0, logits, r * vocab, vocab);
    var seen = new int[vocab];
    for (int label : draw(logits, null, 0, rows, vocab, vocab)) seen[label]++;
    var softmax = softmax(row);
    double statistic = 0;
    for (int j = 0; j < vocab; j++) {
      double expected = rows * softmax[j];
      statistic += (seen[j] - expected) * (seen[j] - expected) / expected;
    }
    double k = vocab - 1;
    double most = k + 2 * Math.sqrt(k * 14) + 2 * 14;
    assertTrue(statistic < most, "chi-square %.1f, allowed %.1f".formatted(statistic, most));
  }

  @Test
  void ignoredRowsStayIgnoredAndChangeNoOther() {
    int rows = 33;
    var logits = logits(rows, 17, 17, 2);
    var targets = new int[rows];
    for (int r = 0; r < rows; r++) targets[r] = r % 3 == 1 ? -100 : r % 17;
    var all = draw(logits, null, 0, rows, 17, 17);
    var some = draw(logits, on.ints(targets), 0, rows, 17, 17);
    for (int r = 0; r < rows; r++) assertEquals(targets[r] < 0 ? -1 : all[r], some[r]);
  }

  @Test
  void whatHasNoChanceIsNeverDrawn() {
    int rows = 64;
    int vocab = 1100;
    var logits = new double[rows * vocab];
    Arrays.fill(logits, Double.NEGATIVE_INFINITY);
    for (int r = 0; r < rows; r++) logits[r * vocab + r * 17] = -700;
    var expected = new int[rows];
    for (int r = 0; r < rows; r++) expected[r] = r * 17;
    assertArrayEquals(expected, draw(logits, null, 0, rows, vocab, vocab));
  }

  @Test
  void shardsHaveTheLabelsOfTheWhole() {
    int rows = 40;
    int cut = 13;
    var logits = logits(rows, 17, 17, 2);
    var whole = draw(logits, null, 2, rows, 17, 17);
    var high = Arrays.copyOfRange(logits, cut * 17, rows * 17);
    assertArrayEquals(
        Arrays.copyOfRange(whole, cut, rows), draw(high, null, 2 + cut, rows - cut, 17, 17));
  }

  private static double[] logits(int rows, int vocab, int stride, double range) {
    var random = new SplittableRandom(vocab);
    var logits = new double[rows * stride];
    Arrays.fill(logits, BEHIND);
    for (int r = 0; r < rows; r++) {
      for (int j = 0; j < vocab; j++) logits[r * stride + j] = random.nextDouble(-range, range);
    }
    return logits;
  }

  private static double[] softmax(double[] row) {
    double most = Arrays.stream(row).max().orElseThrow();
    var weights = Arrays.stream(row).map(x -> Math.exp(x - most)).toArray();
    double sum = Arrays.stream(weights).sum();
    return Arrays.stream(weights).map(weight -> weight / sum).toArray();
  }

  private int[] draw(
      double[] logits, MemorySegment targets, long first, int rows, int vocab, int stride) {
    var labels = on.ints(new int[rows]);
    on.kernels()
        .sampleCategorical(
            on.stream(),
            labels,
            null,
            on.doubles(logits),
            targets,
            key,
            first,
            rows,
            vocab,
            stride,
            Kernels.F64);
    return on.intsAt(labels, rows);
  }
}
