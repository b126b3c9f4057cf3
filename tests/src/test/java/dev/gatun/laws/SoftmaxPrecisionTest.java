package dev.gatun.laws;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.grad.Tape;
import dev.gatun.op.SoftmaxCrossEntropy;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Logits far from zero: the log-sum-exp of a row loses as many bits as its magnitude has, the
/// gradient must not. The reference rounds as a program in floats does that subtracts the largest
/// logit first.
@Tag("laws")
@Tag("backend")
class SoftmaxPrecisionTest {
  private static final int ROWS = 257;
  private static final int VOCABULARY = 13;
  private static final long SEED = 20;

  private final SplittableRandom random = new SplittableRandom(SEED);
  private final float[] logits = new float[ROWS * VOCABULARY];
  private final int[] targets = random.ints(ROWS, 0, VOCABULARY).toArray();

  @Test
  void aGradientOfLogitsAroundTwentyIsAsSharpAsOneAroundZero() {
    for (int i = 0; i < logits.length; i++) logits[i] = (float) random.nextDouble(19, 21);
    assertSharp(false);
  }

  /// The walk meets the last op first, so its gradient of nought is there when the other is added.
  @Test
  void soIsOneThatIsAddedToAnother() {
    for (int i = 0; i < logits.length; i++) logits[i] = (float) random.nextDouble(-71, -69);
    assertSharp(true);
  }

  private void assertSharp(boolean added) {
    var truth = exactGradient();
    var rounded = roundedGradient();
    try (var device = Devices.underTest();
        var tape = Tape.open(device)) {
      var x = tape.watch(Tensor.of(tape, Shape.of(ROWS, VOCABULARY), logits));
      var named = Tensor.of(tape, Shape.of(ROWS), targets);
      var loss = new SoftmaxCrossEntropy(VOCABULARY).apply(x, named).getFirst();
      var gradients = tape.backward(added ? loss.plus(x.times(0).sum()) : loss);
      double allowed = 9 * Norms.squaredDistance(rounded, truth);
      double error = Norms.squaredDistance(gradients.of(x).toDoubles(), truth);
      assertTrue(error <= allowed, () -> "errs by %.3g, seed %d".formatted(Math.sqrt(error), SEED));
    }
  }

  private double[] exactGradient() {
    var gradient = new double[logits.length];
    for (int r = 0; r < ROWS; r++) {
      double sum = 0;
      for (int j = 0; j < VOCABULARY; j++) sum += Math.exp(logit(r, j) - logit(r, 0));
      for (int j = 0; j < VOCABULARY; j++) {
        gradient[r * VOCABULARY + j] =
            (Math.exp(logit(r, j) - logit(r, 0)) / sum - (targets[r] == j ? 1 : 0)) / ROWS;
      }
    }
    return gradient;
  }

  private double[] roundedGradient() {
    var gradient = new double[logits.length];
    for (int r = 0; r < ROWS; r++) {
      int row = r;
      float top =
          (float)
              IntStream.range(0, VOCABULARY).mapToDouble(j -> logit(row, j)).max().orElseThrow();
      float sum = 0;
      for (int j = 0; j < VOCABULARY; j++) sum += (float) Math.exp((float) logit(r, j) - top);
      float log = (float) Math.log(sum);
      for (int j = 0; j < VOCABULARY; j++) {
        float p = (float) Math.exp((float) logit(r, j) - top - log);
        gradient[r * VOCABULARY + j] = (p - (targets[r] == j ? 1 : 0)) * (1f / ROWS);
      }
    }
    return gradient;
  }

  private double logit(int row, int j) {
    return logits[row * VOCABULARY + j];
  }
}
