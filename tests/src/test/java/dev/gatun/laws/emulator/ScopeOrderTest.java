package dev.gatun.laws.emulator;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.memory.Device;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// The memory of a closed scope serves any stream next, so every stream then waits for all others.
@Tag("emulator")
class ScopeOrderTest {
  @Test
  void closingAScopeMakesEachStreamWaitForEachOther() {
    try (var device = Device.emulated();
        var arena = Arena.ofConfined()) {
      long alone = callsOfClosing(device);
      var stream = arena.allocate(ValueLayout.ADDRESS);
      for (int streams = 2; streams <= 3; streams++) {
        device.kernels().streamOpen(device.handle(), stream);
        long records = streams;
        long waits = (long) streams * (streams - 1);
        assertEquals(alone + records + waits, callsOfClosing(device));
      }
    }
  }

  private static long callsOfClosing(Device device) {
    var scope = device.scope();
    scope.bytes(64);
    Emulator.failAt(0, 0);
    scope.close();
    return Emulator.calls();
  }
}
