package dev.gatun.laws.emulator;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.LibraryDefect;
import dev.gatun.memory.Device;
import dev.gatun.memory.Recording;
import dev.gatun.memory.Scope;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Whichever call of a replay fails, the next replay does it all.
@Tag("emulator")
class FailedReplaysTest {
  private static final int INVALID_VALUE = 1;

  @AutoClose private final Device device = Device.emulated();
  private final Scope memory = device.scope();

  @AfterEach
  void letAllSucceed() {
    Emulator.failAt(0, 0);
  }

  @Test
  void theNextReplayBringsWhatDoesNotChange() {
    long calls = 1;
    for (long n = 1; n <= calls; n++) {
      var x = Tensor.zeros(memory, DType.F32, Shape.of(2));
      try (var recording = recorded(x)) {
        Emulator.failAt(n, INVALID_VALUE);
        assertThrows(LibraryDefect.class, recording::replay);
        Emulator.failAt(0, 0);
        recording.replay();
        calls = Math.max(calls, Emulator.calls());
        assertArrayEquals(new float[] {5, 7}, x.toFloats(), "call " + n + " failed");
      }
    }
    assertTrue(calls > 2, calls + " calls");
  }

  @Test
  void aRecordingThatFailsLeavesNothingBehind() {
    var x = Tensor.zeros(memory, DType.F32, Shape.of(2));
    long before = Emulator.held();
    Emulator.failAt(0, 0);
    recorded(x).close();
    long calls = Emulator.calls();
    for (long n = 1; n <= calls; n++) {
      Emulator.failAt(n, INVALID_VALUE);
      try {
        recorded(x).close();
      } catch (LibraryDefect told) {
        assertTrue(Emulator.calls() >= n);
      }
      Emulator.failAt(0, 0);
      recorded(x).close();
      assertEquals(before, Emulator.held(), "left behind when call " + n + " failed");
    }
  }

  /// A copy of what does not change.
  private Recording recorded(Tensor x) {
    return device.record(() -> x.copyFrom(5, 7));
  }
}
