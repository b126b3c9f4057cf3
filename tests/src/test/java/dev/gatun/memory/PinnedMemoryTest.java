package dev.gatun.memory;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.gatun.InvalidArgument;
import dev.gatun.laws.Devices;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Pinned memory of the host: what is written there arrives, and it is freed once.
@Tag("backend")
class PinnedMemoryTest {
  @Test
  void whatIsWrittenThereArrives() {
    try (var device = Devices.underTest();
        var pinned = device.pinned(4000);
        var scope = device.scope();
        var arena = Arena.ofConfined()) {
      var numbers = IntStream.range(0, 1000).map(i -> i * i).toArray();
      MemorySegment.copy(numbers, 0, pinned.memory(), ValueLayout.JAVA_INT, 0, numbers.length);
      var there = scope.bytes(4000);
      scope.copyToDevice(there, pinned.memory());
      var back = arena.allocate(4000, 4);
      scope.copyToHost(back, there);
      assertArrayEquals(numbers, back.toArray(ValueLayout.JAVA_INT));
    }
  }

  @Test
  void aClosedOneCannotBeTouched() {
    try (var device = Devices.underTest()) {
      var pinned = device.pinned(8);
      pinned.close();
      pinned.close();
      assertThrows(
          IllegalStateException.class, () -> pinned.memory().get(ValueLayout.JAVA_LONG, 0));
    }
  }

  @Test
  void closingTheDeviceClosesIt() {
    var device = Devices.underTest();
    var memory = device.pinned(8).memory();
    device.close();
    assertThrows(IllegalStateException.class, () -> memory.get(ValueLayout.JAVA_LONG, 0));
  }

  @Test
  void whatCannotBeServedIsRefused() {
    try (var device = Devices.underTest();
        var scope = device.scope()) {
      assertThrows(InvalidArgument.class, () -> device.pinned(0));
      var kernels = device.kernels();
      assertThrows(
          InvalidArgument.class, () -> kernels.pinnedFree(device.handle(), scope.bytes(8)));
    }
  }
}
