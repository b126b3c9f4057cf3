package dev.gatun.laws.emulator;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.gatun.grad.Tape;
import dev.gatun.laws.Bf16;
import dev.gatun.memory.Device;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Where a device grants a block more shared memory, attention walks in larger tiles; it adds up
/// the same products in the same order.
@Tag("emulator")
class LargeTilesTest {
  private static final int HEADS = 2;
  private static final int CONTEXT = 150;
  private static final int HEAD_SIZE = 120;

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void haveTheSameBits(boolean causal) {
    var small = Emulator.granting(Emulator.CONSUMER_SHARED_BYTES, on -> gradients(on, causal));
    var large = Emulator.granting(Emulator.LARGE_SHARED_BYTES, on -> gradients(on, causal));
    assertArrayEquals(small, large);
  }

  private static short[] gradients(Device device, boolean causal) {
    var random = new SplittableRandom(CONTEXT);
    var drawn = new short[CONTEXT * 3 * HEADS * HEAD_SIZE];
    for (int i = 0; i < drawn.length; i++) {
      drawn[i] = Bf16.encode((float) random.nextDouble(-1, 1));
    }
    try (var tape = Tape.open(device)) {
      var shape = Shape.of(1, CONTEXT, 3 * HEADS * HEAD_SIZE);
      var qkv = Tensor.uninitialized(tape, DType.BF16, shape);
      qkv.copyFrom(MemorySegment.ofArray(drawn));
      var x = tape.watch(qkv);
      var y = x.attention(HEADS, 0.3, causal);
      tape.backward(y.times(y).sum()).of(x).copyTo(MemorySegment.ofArray(drawn));
      return drawn;
    }
  }
}
