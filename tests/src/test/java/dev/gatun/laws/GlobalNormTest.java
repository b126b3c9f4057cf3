package dev.gatun.laws;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.ffi.Kernels;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The norm is that of every element: the last, largest one decides it.
@Tag("laws")
@Tag("backend")
class GlobalNormTest {
  @ParameterizedTest
  @ValueSource(ints = {1, 7, 31, 32, 33, 129, 4095, 4097, 40_001, 1_100_003})
  void noElementIsLeftOut(int n) {
    var x = new SplittableRandom(n).doubles(n, -1, 1).toArray();
    x[n - 1] = n;
    double expected = Math.sqrt(Norms.dot(x, x));
    try (var device = Devices.underTest();
        var memory = device.scope();
        var host = Arena.ofConfined()) {
      var values = memory.doubles(n);
      var norm = memory.doubles(1);
      memory.copyToDevice(values, host.allocateFrom(ValueLayout.JAVA_DOUBLE, x));
      device.kernels().globalNorm(device.stream().handle(), norm, values, n, Kernels.F64);
      var found = host.allocate(ValueLayout.JAVA_DOUBLE);
      memory.copyToHost(found, norm);
      assertEquals(expected, found.get(ValueLayout.JAVA_DOUBLE, 0), 1e-12 * expected);
    }
  }
}
