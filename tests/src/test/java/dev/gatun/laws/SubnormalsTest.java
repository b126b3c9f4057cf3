package dev.gatun.laws;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.memory.Device;
import dev.gatun.memory.Scope;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.util.Arrays;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

/// On the CPU numbers too small for their exponent count as 0, on all of its threads; those of the
/// calling program keep what they are.
class SubnormalsTest {
  private static final float SUBNORMAL = 0x1p-130f;
  private static final int ROWS = 512;

  @AutoClose private final Device device = Device.cpu(2);
  private final Scope memory = device.scope();

  @Test
  void areReadAsZeroByEveryThread() {
    var huge = Tensor.filled(memory, DType.F32, Shape.of(ROWS, ROWS), 0x1p100);
    assertArrayEquals(new float[ROWS * ROWS], subnormals().times(huge).toFloats());
    assertArrayEquals(new float[ROWS * ROWS], subnormals().matmul(huge).toFloats());
  }

  @Test
  void areWrittenAsZeroByEveryThread() {
    var small = Tensor.filled(memory, DType.F32, Shape.of(ROWS, ROWS), 0x1p-70);
    assertArrayEquals(new float[ROWS * ROWS], small.times(small).toFloats());
    assertArrayEquals(new float[ROWS * ROWS], small.matmul(small).toFloats());
  }

  @Test
  void theCallersArithmeticIsLeftAlone() {
    var kept = subnormals();
    kept.times(kept);
    float[] half = kept.toFloats();
    for (int i = 0; i < half.length; i++) half[i] /= 2;
    assertEquals(SUBNORMAL / 2, half[ROWS]);
  }

  private Tensor subnormals() {
    var all = new float[ROWS * ROWS];
    Arrays.fill(all, SUBNORMAL);
    return Tensor.of(memory, Shape.of(ROWS, ROWS), all);
  }
}
