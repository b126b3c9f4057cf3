package dev.gatun.laws;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.gatun.ffi.Kernels;
import dev.gatun.memory.Scope;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// A table of tensors takes the step that one flat arena takes, wherever tensors begin and end and
/// decay ends.
@Tag("laws")
@Tag("backend")
class AdamWTablesTest {
  private static final long[] SIZES = {1, 20_001, 3, 8192, 129, 17_000};
  private static final int DECAYING = 3;
  private static final long COUNT = Arrays.stream(SIZES).sum();
  private static final int ARRAYS = 4;

  @Test
  void aTableTakesTheStepOfAnArena() {
    try (var device = Devices.underTest();
        var memory = device.scope();
        var host = Arena.ofConfined()) {
      var flat = arrays(memory, host);
      var parts = arrays(memory, host);
      var kernels = device.kernels();
      var stream = device.stream().handle();
      var rate = put(memory, host.allocateFrom(ValueLayout.JAVA_DOUBLE, 0.01));
      var step = put(memory, host.allocateFrom(ValueLayout.JAVA_LONG, 3));
      var norm = put(memory, host.allocateFrom(ValueLayout.JAVA_DOUBLE, 2));
      long decayed = Arrays.stream(SIZES).limit(DECAYING).sum();
      kernels.adamwStep(
          stream,
          flat[0],
          null,
          flat[1],
          flat[2],
          flat[3],
          rate,
          step,
          norm,
          null,
          0,
          COUNT,
          decayed,
          0.9,
          0.95,
          1e-8,
          0.1,
          1,
          Kernels.F64);
      var tables = new MemorySegment[ARRAYS];
      for (int i = 0; i < ARRAYS; i++) tables[i] = put(memory, addresses(host, parts[i]));
      kernels.adamwTableStep(
          stream,
          tables[0],
          null,
          tables[1],
          tables[2],
          tables[3],
          put(memory, host.allocateFrom(ValueLayout.JAVA_LONG, SIZES)),
          put(memory, host.allocateFrom(ValueLayout.JAVA_INT, decays())),
          rate,
          step,
          norm,
          null,
          SIZES.length,
          0.9,
          0.95,
          1e-8,
          0.1,
          1,
          Kernels.F64);
      for (int i = 0; i < ARRAYS; i++) {
        assertArrayEquals(read(memory, host, flat[i]), read(memory, host, parts[i]));
      }
    }
  }

  /// Weights, both moments and gradients.
  private static MemorySegment[] arrays(Scope memory, Arena host) {
    var arrays = new MemorySegment[ARRAYS];
    for (int i = 0; i < ARRAYS; i++) {
      var values = new SplittableRandom(i).doubles(COUNT, 0.25, 1.25).toArray();
      arrays[i] = put(memory, host.allocateFrom(ValueLayout.JAVA_DOUBLE, values));
    }
    return arrays;
  }

  private static MemorySegment put(Scope memory, MemorySegment host) {
    var device = memory.bytes(host.byteSize());
    memory.copyToDevice(device, host);
    return device;
  }

  /// Where the tensors of an arena begin.
  private static MemorySegment addresses(Arena host, MemorySegment arena) {
    var addresses = new long[SIZES.length];
    long at = arena.address();
    for (int i = 0; i < SIZES.length; at += SIZES[i++] * Double.BYTES) addresses[i] = at;
    return host.allocateFrom(ValueLayout.JAVA_LONG, addresses);
  }

  private static int[] decays() {
    var decays = new int[SIZES.length];
    Arrays.fill(decays, 0, DECAYING, 1);
    return decays;
  }

  private static double[] read(Scope memory, Arena host, MemorySegment array) {
    var values = host.allocate(ValueLayout.JAVA_DOUBLE, COUNT);
    memory.copyToHost(values, array);
    return values.toArray(ValueLayout.JAVA_DOUBLE);
  }
}
