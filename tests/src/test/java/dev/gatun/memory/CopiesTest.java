package dev.gatun.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.InvalidArgument;
import dev.gatun.optim.OnDevice;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Copies of all lengths, to the device, there, and back: threads share the long ones, and the
/// longest pass by the caches.
@Tag("backend")
class CopiesTest {
  private static final long BEFORE = 5;
  private static final long BEHIND = 3;

  @ParameterizedTest
  @ValueSource(longs = {0, 1, 4097, (2 << 20) - 1, 2 << 20, (5 << 20) + 13, (17 << 20) + 13})
  void eachByteArrivesAndNoOther(long bytes) {
    try (var on = new OnDevice();
        var host = Arena.ofConfined()) {
      var random = new byte[Math.toIntExact(bytes)];
      new Random(bytes).nextBytes(random);
      var sent = host.allocate(bytes);
      sent.copyFrom(MemorySegment.ofArray(random));
      var memory = on.memory();
      var there = memory.bytes(bytes + 1);
      var copy = memory.bytes(BEFORE + bytes + BEHIND);
      var all = host.allocate(BEFORE + bytes + BEHIND);
      memory.copyToDevice(copy, all);
      memory.copyToDevice(there, sent);
      on.kernels().copy(on.stream(), memory.at(copy, BEFORE), there, bytes);
      memory.copyToHost(all, copy);
      if (bytes > 1) refused(on, memory.at(copy, BEFORE), memory.at(copy, BEFORE + 1), bytes);
      assertEquals(-1, all.asSlice(BEFORE, bytes).mismatch(sent));
      for (long i = 0; i < BEFORE; i++) assertEquals(0, all.get(ValueLayout.JAVA_BYTE, i));
      for (long i = BEFORE + bytes; i < all.byteSize(); i++) {
        assertEquals(0, all.get(ValueLayout.JAVA_BYTE, i));
      }
    }
  }

  private static void refused(OnDevice on, MemorySegment to, MemorySegment from, long bytes) {
    var refusal =
        assertThrows(InvalidArgument.class, () -> on.kernels().copy(on.stream(), to, from, bytes));
    assertTrue(refusal.getMessage().contains("overlap"), refusal.getMessage());
  }
}
