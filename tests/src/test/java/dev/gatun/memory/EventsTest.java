package dev.gatun.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.InvalidArgument;
import dev.gatun.ffi.Kernels;
import dev.gatun.laws.Devices;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/// The events of the C interface: they tell times, and one stream waits for another by them.
@Tag("backend")
class EventsTest {
  /// Milliseconds that a time may be off, by the documentation of CUDA's events.
  private static final double RESOLUTION = 0.5e-3;

  private final Device device = Devices.underTest();
  private final Kernels kernels = device.kernels();
  private final MemorySegment stream = device.stream().handle();
  private final Scope scope = device.scope();
  private final Arena arena = Arena.ofConfined();

  @AfterEach
  void close() {
    arena.close();
    device.close();
  }

  @Test
  void timesAreThoseOfTheWorkAndAddUp() {
    var x = Tensor.zeros(scope, DType.F32, Shape.of(1 << 18));
    fill(stream, x, 0); // the first launch of a kernel also loads it
    device.stream().join();
    long start = System.nanoTime();
    var events = new MemorySegment[] {event(), event(), event()};
    kernels.eventRecord(events[0], stream);
    fill(stream, x, 1);
    kernels.eventRecord(events[1], stream);
    for (int i = 0; i < 20; i++) fill(stream, x, 1);
    kernels.eventRecord(events[2], stream);
    double all = elapsed(events[0], events[2]);
    double clock = (System.nanoTime() - start) * 1e-6;
    double one = elapsed(events[0], events[1]);
    double twenty = elapsed(events[1], events[2]);
    assertTrue(one > 0 && twenty > 0, one + " and " + twenty);
    assertEquals(all, one + twenty, 3 * RESOLUTION);
    assertTrue(all <= clock + RESOLUTION, all + " of " + clock);
  }

  @Test
  void recordingAgainMovesTheEvent() {
    var x = Tensor.zeros(scope, DType.F32, Shape.of(1 << 18));
    var from = event();
    var to = event();
    kernels.eventRecord(to, stream);
    kernels.eventRecord(from, stream);
    fill(stream, x, 1);
    kernels.eventRecord(to, stream);
    assertTrue(elapsed(from, to) > 0);
  }

  @Test
  void aStreamThatAwaitsSeesWhatWasDoneBefore() {
    var x = Tensor.zeros(scope, DType.F32, Shape.of(1 << 16));
    var y = Tensor.zeros(scope, DType.F32, Shape.of(1 << 16));
    device.stream().join();
    var second = opened(answer -> kernels.streamOpen(device.handle(), answer));
    for (int i = 1; i <= 50; i++) fill(stream, x, i);
    var done = event();
    kernels.eventRecord(done, stream);
    kernels.eventAwait(done, second);
    kernels.copy(second, y.data(), x.data(), 4L << 16);
    kernels.streamJoin(second);
    var expected = new float[1 << 16];
    Arrays.fill(expected, 50);
    assertEquals(-1, Arrays.mismatch(expected, y.toFloats()));
    kernels.streamClose(second);
  }

  @Test
  void whatCannotBeServedIsRefused() {
    var fresh = event();
    var recorded = event();
    kernels.eventRecord(recorded, stream);
    refused("never recorded", () -> elapsed(fresh, recorded));
    refused("never recorded", () -> elapsed(recorded, fresh));
    refused("never recorded", () -> kernels.eventAwait(fresh, stream));
    refused("event is null", () -> kernels.eventRecord(MemorySegment.NULL, stream));
    refused("stream is null", () -> kernels.eventRecord(fresh, MemorySegment.NULL));
    refused(
        "address for the time", () -> kernels.eventElapsed(recorded, recorded, MemorySegment.NULL));
    try (var other = Devices.underTest()) {
      refused("two devices", () -> kernels.eventRecord(fresh, other.stream().handle()));
      refused("two devices", () -> kernels.eventAwait(recorded, other.stream().handle()));
    }
    kernels.eventClose(fresh);
    kernels.eventClose(MemorySegment.NULL);
  }

  private interface Opening {
    void open(MemorySegment answer);
  }

  private MemorySegment opened(Opening opening) {
    var answer = arena.allocate(ValueLayout.ADDRESS);
    opening.open(answer);
    return answer.get(ValueLayout.ADDRESS, 0);
  }

  private MemorySegment event() {
    return opened(answer -> kernels.eventOpen(device.handle(), answer));
  }

  private double elapsed(MemorySegment from, MemorySegment to) {
    var answer = arena.allocate(ValueLayout.JAVA_DOUBLE);
    kernels.eventElapsed(from, to, answer);
    return answer.get(ValueLayout.JAVA_DOUBLE, 0);
  }

  private void fill(MemorySegment on, Tensor x, double value) {
    kernels.fill(on, x.data(), x.shape().count(), value, DType.F32.code());
  }

  private static void refused(String says, Executable work) {
    var why = assertThrows(InvalidArgument.class, work).getMessage();
    assertTrue(why.contains(says), why);
  }
}
