package dev.gatun.laws;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.ffi.Kernels;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Indices stay exact beyond what a float can count.
@Tag("laws")
@Tag("backend")
class ManyElementsTest {
  private static final int ROWS = (1 << 24) / 3 + 100_003;
  private static final int LENGTH = 3;
  private static final int NAMES = 251;

  /// Of each row the first element gets the row's name. A float would take it for the row before.
  @Test
  void everyRowOfASliceGoesBackToItsPlace() {
    try (var device = Devices.underTest();
        var memory = device.scope();
        var host = Arena.ofConfined()) {
      var names = host.allocate(ValueLayout.JAVA_FLOAT, ROWS);
      for (int row = 0; row < ROWS; row++) {
        names.setAtIndex(ValueLayout.JAVA_FLOAT, row, 1 + row % NAMES);
      }
      var dy = memory.floats(ROWS);
      var dx = memory.floats((long) ROWS * LENGTH);
      memory.copyToDevice(dy, names);
      device
          .kernels()
          .slicePullback(device.stream().handle(), dx, dy, ROWS, LENGTH, 1, 0, 1, -1, Kernels.F32);
      var rows = host.allocate(ValueLayout.JAVA_FLOAT, (long) ROWS * LENGTH);
      memory.copyToHost(rows, dx);
      for (int i = 0; i < ROWS * LENGTH; i++) {
        float expected = i % LENGTH == 0 ? 1 + i / LENGTH % NAMES : 0;
        float found = rows.getAtIndex(ValueLayout.JAVA_FLOAT, i);
        if (found != expected) assertEquals(expected, found, "element " + i);
      }
    }
  }

  /// Sizes that count no array together may have any product.
  @Test
  void theSecondHalfOfALongVectorIsASlice() {
    int half = 1 << 20;
    var numbers = new float[2 * half];
    for (int i = 0; i < numbers.length; i++) numbers[i] = i;
    try (var device = Devices.underTest();
        var memory = device.scope()) {
      var whole = Tensor.of(memory, Shape.of(numbers.length), numbers);
      var second = whole.slice(0, half, half).toFloats();
      assertArrayEquals(Arrays.copyOfRange(numbers, half, 2 * half), second);
    }
  }
}
