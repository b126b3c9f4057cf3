package dev.gatun.laws;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.grad.Tape;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// One head, forward and backward, over 4,096 positions in 16 MiB, or on a GPU over 32,768 in 256
/// MiB: a matrix of scores alone would take 32, or 2,048. Chosen rows are computed again here in
/// fp64.
@Tag("gpu")
@Tag("long-emulated")
class LongContextTest {
  private static final int CONTEXT = Devices.isGpu() ? 32_768 : 4096;
  private static final int HEAD_SIZE = 64;
  private static final double SCALE = 0.125;
  private static final long CAPACITY = (Devices.isGpu() ? 256 : 16) << 20;

  /// Weights are rounded to bf16 on their way, and so is what comes out.
  private static final double ROUNDING = Bf16.UNIT;

  private final short[] qkv = new short[CONTEXT * 3 * HEAD_SIZE];

  @Test
  void needsFarLessThanItsScores() {
    var random = new SplittableRandom(CONTEXT);
    for (int i = 0; i < qkv.length; i++) qkv[i] = Bf16.encode((float) random.nextDouble(-1, 1));
    try (var device = Devices.underTest();
        var tape = Tape.open(device, CAPACITY)) {
      var uploaded = Tensor.uninitialized(tape, DType.BF16, Shape.of(1, CONTEXT, 3 * HEAD_SIZE));
      uploaded.copyFrom(MemorySegment.ofArray(qkv));
      var x = tape.watch(uploaded);
      var y = x.attention(1, SCALE, true);
      var found = new short[CONTEXT * HEAD_SIZE];
      y.copyTo(MemorySegment.ofArray(found));
      for (int row : new int[] {0, 127, 128, 2000, CONTEXT - 1}) requireRow(row, found);
      requireLastValueGradient(tape.backward(y.sum()).of(x));
    }
  }

  private double at(int row, int part, int d) {
    return Bf16.decode(qkv[(row * 3 + part) * HEAD_SIZE + d]);
  }

  private double[] weights(int row) {
    var weights = new double[row + 1];
    double sum = 0;
    for (int key = 0; key <= row; key++) {
      double score = 0;
      for (int d = 0; d < HEAD_SIZE; d++) score += at(row, 0, d) * at(key, 1, d);
      sum += weights[key] = Math.exp(SCALE * score);
    }
    for (int key = 0; key <= row; key++) weights[key] /= sum;
    return weights;
  }

  private void requireRow(int row, short[] found) {
    var weights = weights(row);
    for (int d = 0; d < HEAD_SIZE; d++) {
      double y = 0;
      double size = 0;
      for (int key = 0; key <= row; key++) {
        y += weights[key] * at(key, 2, d);
        size += weights[key] * Math.abs(at(key, 2, d));
      }
      assertEquals(y, Bf16.decode(found[row * HEAD_SIZE + d]), ROUNDING * size, "row " + row);
    }
  }

  /// The last value is seen by the last query alone: its gradient under a plain sum is its weight.
  private void requireLastValueGradient(Tensor gradient) {
    var found = new short[qkv.length];
    gradient.copyTo(MemorySegment.ofArray(found));
    double weight = weights(CONTEXT - 1)[CONTEXT - 1];
    for (int d = 0; d < HEAD_SIZE; d++) {
      double of = Bf16.decode(found[((CONTEXT - 1) * 3 + 2) * HEAD_SIZE + d]);
      assertEquals(weight, of, ROUNDING * weight);
    }
  }
}
