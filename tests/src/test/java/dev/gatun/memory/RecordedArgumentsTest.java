package dev.gatun.memory;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.ffi.Kernels;
import dev.gatun.optim.OnDevice;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Where the arguments of a recorded call come from, each changed behind the recording: memory of
/// the device and feeds are read anew, all else stays what it was. Tables of addresses stand in
/// [RecordedTablesTest].
@Tag("backend")
class RecordedArgumentsTest {
  @AutoClose private final OnDevice on = new OnDevice();
  private final Device device = on.device();
  private final Scope memory = on.memory();
  private final Tensor x = Tensor.of(memory, Shape.of(2), 1f, 2f);
  private final Tensor y = Tensor.of(memory, Shape.of(2), -1f, -1f);

  private void scale(Tensor from, long count, double factor) {
    var stream = device.stream().handle();
    int dtype = DType.F32.code();
    device
        .kernels()
        .unaryForward(stream, y.data(), from.data(), count, factor, Kernels.SCALE, dtype);
  }

  @Test
  void whatAnArrayHoldsIsReadAnew() {
    try (var recording = device.record(() -> scale(x, 2, 3))) {
      recording.replay();
      assertArrayEquals(new float[] {3, 6}, y.toFloats());
      x.copyFrom(MemorySegment.ofArray(new float[] {5, 7}));
      recording.replay();
      assertArrayEquals(new float[] {15, 21}, y.toFloats());
    }
  }

  @Test
  void whichArrayItIsStays() {
    var from = new Tensor[] {x};
    try (var recording = device.record(() -> scale(from[0], 2, 3))) {
      from[0] = Tensor.of(memory, Shape.of(2), 8f, 9f);
      recording.replay();
      assertArrayEquals(new float[] {3, 6}, y.toFloats());
    }
  }

  @Test
  void numbersStay() {
    long[] count = {1};
    double[] factor = {3};
    try (var recording = device.record(() -> scale(x, count[0], factor[0]))) {
      count[0] = 2;
      factor[0] = 4;
      recording.replay();
      assertArrayEquals(new float[] {3, -1}, y.toFloats());
    }
  }

  @Test
  void anArrayOfTheHostThatIsNoFeedStays() {
    float[] numbers = {1, 2};
    try (var recording = device.record(() -> y.copyFrom(MemorySegment.ofArray(numbers)))) {
      Arrays.fill(numbers, 7);
      recording.replay();
      assertArrayEquals(new float[] {1, 2}, y.toFloats());
    }
  }

  /// The host has done with an image once the call returns, whenever the device comes to it.
  @Test
  void eachReplayTakesTheImagesOfItsFeedsAlong() {
    var feed = new Feed(memory, Float.BYTES);
    var sum = Tensor.zeros(memory, DType.F32, Shape.of(1));
    var read = Tensor.over(memory, feed.data(), DType.F32, Shape.of(1), null);
    try (var recording =
        device.record(
            () -> {
              feed.send();
              try (var _ = device.scope()) {
                var next = sum.plus(sum).plus(read);
                device.kernels().copy(device.stream().handle(), sum.data(), next.data(), 4);
              }
            })) {
      float expected = 0;
      for (int i = 1; i <= 20; i++) {
        feed.image().set(ValueLayout.JAVA_FLOAT, 0, i % 7);
        recording.replay();
        expected = 2 * expected + i % 7;
      }
      assertEquals(expected, sum.toFloats()[0]);
    }
  }

  /// One image, sent before and behind a kernel that writes over what it was sent to.
  @Test
  void aFeedMayBeSentTwiceInAStep() {
    var feed = new Feed(memory, Float.BYTES);
    var sent = Tensor.over(memory, feed.data(), DType.F32, Shape.of(1), null);
    try (var recording =
        device.record(
            () -> {
              feed.send();
              scale(sent, 1, 2);
              var stream = device.stream().handle();
              device.kernels().copy(stream, feed.data(), y.data(), Float.BYTES);
              device.kernels().copy(stream, memory.at(y.data(), 4), feed.data(), Float.BYTES);
              feed.send();
              scale(sent, 1, 3);
            })) {
      for (float set : new float[] {5, 6}) {
        feed.image().set(ValueLayout.JAVA_FLOAT, 0, set);
        recording.replay();
        assertArrayEquals(new float[] {3 * set, 2 * set}, y.toFloats());
      }
    }
  }
}
