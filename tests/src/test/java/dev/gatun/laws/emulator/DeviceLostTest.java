package dev.gatun.laws.emulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.DeviceLost;
import dev.gatun.ffi.Kernels;
import dev.gatun.memory.Device;
import java.lang.foreign.Arena;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/// A fault in a kernel ends its device, and nothing else.
@Tag("emulator")
class DeviceLostTest {
  private static final int ILLEGAL_ADDRESS = 700;

  @AfterEach
  void letAllSucceed() {
    Emulator.failAt(0, 0);
  }

  @Test
  void theFirstExceptionNamesTheKernelAndItsFault() {
    try (var device = Device.emulated();
        var memory = device.scope()) {
      var misaligned = memory.at(memory.floats(64), 1);
      var lost =
          assertThrows(
              DeviceLost.class,
              () -> device.kernels().fill(device.stream().handle(), misaligned, 4, 0, Kernels.F32));
      assertTrue(lost.getMessage().contains("map_elements"), lost.getMessage());
      assertTrue(lost.getMessage().contains("a misaligned access"), lost.getMessage());
    }
    assertEquals(0, Emulator.held());
  }

  /// A stream only learns of a fault when it waits.
  @Test
  @SuppressWarnings("try") // closes in between
  void allButClosingIsRefusedWithoutAskingTheRuntime() {
    try (var host = Arena.ofConfined();
        var device = Device.emulated();
        var memory = device.scope()) {
      var x = memory.floats(64);
      var stream = device.stream();
      Emulator.failAt(2, ILLEGAL_ADDRESS);
      assertThrows(DeviceLost.class, stream::join);
      Emulator.failAt(0, 0);
      List<Executable> works =
          List.of(
              stream::join,
              device::scope,
              device::memory,
              device::describe,
              device::trim,
              () -> memory.floats(1),
              () -> memory.copyToHost(host.allocate(4), x),
              () -> memory.copyToDevice(x, host.allocate(4)),
              () -> device.kernels().fill(stream.handle(), x, 4, 0, Kernels.F32));
      for (var work : works) assertThrows(DeviceLost.class, work);
      assertEquals(0, Emulator.calls());
      memory.close();
      assertEquals(0, Emulator.calls());
    }
    assertEquals(0, Emulator.held());
  }

  @Test
  void aDeviceLostWhileItTakesMemoryIsLostForAll() {
    try (var device = Device.emulated();
        var memory = device.scope()) {
      Emulator.failAt(2, ILLEGAL_ADDRESS);
      assertThrows(DeviceLost.class, () -> memory.floats(1));
      Emulator.failAt(0, 0);
      assertThrows(DeviceLost.class, device.stream()::join);
    }
    assertEquals(0, Emulator.held());
  }
}
