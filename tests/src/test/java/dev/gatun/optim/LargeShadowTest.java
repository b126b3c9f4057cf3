package dev.gatun.optim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import dev.gatun.ffi.Kernels;
import dev.gatun.memory.Device;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// The bf16 weights of a network that is larger than the caches: on the CPU they are written past
/// these, and yet each is its master, rounded to nearest. The length is no multiple of anything.
@Tag("laws")
class LargeShadowTest {
  private static final int COUNT = (1 << 22) + 3 * 8192 + 77;
  /// Odd, so that no line begins where the weights do that do not decay.
  private static final int DECAYED = COUNT / 2 | 1;

  private static final double RATE = 0.01;

  @Test
  void isItsMastersRounded() {
    try (var device = Device.cpu();
        var memory = device.scope();
        var host = Arena.ofConfined()) {
      var kernels = device.kernels();
      var stream = device.stream().handle();
      var key = memory.longs(2);
      memory.copyToDevice(key, host.allocateFrom(ValueLayout.JAVA_LONG, 5, 0));
      var arrays = new MemorySegment[4];
      for (int i = 0; i < arrays.length; i++) {
        arrays[i] = memory.floats(COUNT);
        kernels.randomNormal(stream, arrays[i], key, (long) i * COUNT, COUNT, 1, 0.1, Kernels.F32);
      }
      var rate = memory.bytes(Double.BYTES);
      memory.copyToDevice(rate, host.allocateFrom(ValueLayout.JAVA_DOUBLE, RATE));
      var step = memory.longs(1);
      memory.copyToDevice(step, host.allocateFrom(ValueLayout.JAVA_LONG, 1));
      var before = host.allocate(ValueLayout.JAVA_FLOAT, COUNT);
      memory.copyToHost(before, arrays[0]);
      var weights = memory.bytes((long) COUNT * Short.BYTES);
      kernels.adamwStep(
          stream,
          weights,
          arrays[0],
          arrays[1],
          arrays[2],
          arrays[3],
          rate,
          step,
          null,
          null,
          0,
          COUNT,
          DECAYED,
          0.9,
          0.95,
          1e-8,
          0.1,
          1,
          Kernels.BF16);
      var masters = host.allocate(ValueLayout.JAVA_FLOAT, COUNT);
      memory.copyToHost(masters, arrays[0]);
      var shadow = host.allocate(ValueLayout.JAVA_SHORT, COUNT);
      memory.copyToHost(shadow, weights);
      for (int i = 0; i < COUNT; i++) {
        float master = masters.getAtIndex(ValueLayout.JAVA_FLOAT, i);
        assertNotEquals(before.getAtIndex(ValueLayout.JAVA_FLOAT, i), master);
        short found = shadow.getAtIndex(ValueLayout.JAVA_SHORT, i);
        if (found != rounded(master)) assertEquals(rounded(master), found, "weight " + i);
      }
    }
  }

  /// To nearest, ties to even.
  private static short rounded(float x) {
    int bits = Float.floatToRawIntBits(x);
    return (short) (bits + 0x7fff + (bits >>> 16 & 1) >>> 16);
  }
}
