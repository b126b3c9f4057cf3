package dev.gatun.laws;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.ffi.Kernels;
import dev.gatun.optim.OnDevice;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// The gradient that the head keeps in bf16 is, row by row, a distribution less a one: its sum is 0
/// but for the rounding of each element. The rows are so many that threads share them.
@Tag("laws")
@Tag("backend")
class HeadRowsTest {
  private static final int ROWS = 256;
  private static final int COLS = 8;
  private static final int VOCABULARY = 2000;
  private static final int STRIDE = 2048;

  /// Where a machine is busy, threads that share rows for a moment may run one behind the other.
  private static final int ROUNDS = Devices.isEmulated() ? 1 : 100;

  @Test
  void sumToZero() {
    var random = new Random(1);
    try (var on = new OnDevice();
        var host = Arena.ofConfined()) {
      var x = on.shorts(normals(random, ROWS * COLS));
      var table = on.shorts(normals(random, STRIDE * COLS));
      var targets = on.ints(random.ints(ROWS, 0, VOCABULARY).toArray());
      var logits = on.memory().bytes((long) ROWS * STRIDE * Short.BYTES);
      var kept = host.allocate(ValueLayout.JAVA_SHORT, (long) ROWS * STRIDE);
      for (int round = 0; round < ROUNDS; round++) {
        on.kernels()
            .headLossForward(
                on.stream(),
                on.memory().floats(1),
                on.memory().floats(ROWS),
                on.memory().longs(1),
                logits,
                x,
                table,
                targets,
                ROWS,
                COLS,
                VOCABULARY,
                STRIDE,
                ROWS,
                1,
                Kernels.BF16);
        on.memory().copyToHost(kept, logits);
        for (int r = 0; r < ROWS; r++) assertEquals(0, sum(kept, r), Bf16.UNIT, "row " + r);
      }
    }
  }

  /// Of a row, times the number of rows. Sizes of its elements sum up to 2, and each loses half a
  /// unit of itself at the most.
  private static double sum(MemorySegment kept, int row) {
    double sum = 0;
    for (int i = 0; i < VOCABULARY; i++) {
      long at = (long) row * STRIDE + i;
      sum += Bf16.decode(kept.getAtIndex(ValueLayout.JAVA_SHORT, at));
    }
    return ROWS * sum;
  }

  private static short[] normals(Random random, int count) {
    var numbers = new short[count];
    for (int i = 0; i < count; i++) numbers[i] = Bf16.encode((float) random.nextGaussian());
    return numbers;
  }
}
