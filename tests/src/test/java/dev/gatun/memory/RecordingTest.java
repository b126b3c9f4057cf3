package dev.gatun.memory;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.grad.Tape;
import dev.gatun.nn.Gpt;
import dev.gatun.nn.GptConfig;
import dev.gatun.optim.OnDevice;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A replay leaves what the same step leaves op by op.
@Tag("backend")
class RecordingTest {
  private static final int STEPS = 4;

  @AutoClose private final OnDevice on = new OnDevice();
  private final Device device = on.device();
  private final Scope memory = on.memory();

  @Test
  void arraysOfTwelveLayersShareTheirPlaces() {
    var gpt = Gpt.create(GptConfig.of(12, 2, 32, 16, 256), memory, DType.F32, 1);
    var shape = Shape.of(2, 16);
    var tokens = Tensor.of(memory, shape, new Random(2).ints(32, 0, 256).toArray());
    Runnable step =
        () -> {
          gpt.parameters().forgetGradients();
          try (var tape = Tape.open(device)) {
            tape.backward(gpt.loss(tokens, tokens));
          }
        };
    try (var recording = device.record(step)) {
      assertTrue(recording.heldBytes() <= 0.7 * recording.naiveBytes());
      // What the way back needs is kept by each layer, whatever shares its place.
      long kept = 12 * shape.count() * Float.BYTES * 32 * (1 + 1 + 3 + 1 + 1 + 1 + 4 + 4);
      assertTrue(recording.heldBytes() >= kept);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"adamw", "lion", "sophia"})
  void replayedStepsHaveTheBitsOfEagerOnes(String optimizer) {
    var eager = new RecordedTraining(memory, optimizer);
    var replayed = new RecordedTraining(memory, optimizer);
    var first = replayed.gpt.parameters().get("wte.weight").toFloats();
    try (var recording = device.record(replayed::walk)) {
      assertArrayEquals(first, replayed.gpt.parameters().get("wte.weight").toFloats());
      assertTrue(recording.calls() > 50, recording.calls() + " calls");
      assertTrue(recording.heldBytes() > 0);
      assertTrue(recording.heldBytes() < recording.naiveBytes());
      for (int step = 0; step < STEPS; step++) {
        eager.prepare(step);
        eager.walk();
        replayed.prepare(step);
        recording.replay();
        assertEquals(eager.state(), replayed.state(), "step " + step);
      }
    }
    assertFalse(Arrays.equals(first, eager.gpt.parameters().get("wte.weight").toFloats()));
  }

  /// The host has done with an image once the call returns, whenever the device comes to it.
  @Test
  void eachReplayTakesItsOwnImageAlong() {
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

  @Test
  void whatIsNoFeedIsCopiedAsItWas() {
    var y = Tensor.zeros(memory, DType.F32, Shape.of(3));
    float[] numbers = {1, 2, 3};
    try (var recording = device.record(() -> y.copyFrom(MemorySegment.ofArray(numbers)))) {
      Arrays.fill(numbers, 7);
      recording.replay();
      assertArrayEquals(new float[] {1, 2, 3}, y.toFloats());
    }
  }

  /// Each walk asks the scope for an array; the second one's is the recording's.
  @Test
  void aResultMayLieInAScopeFromOutside() {
    var x = Tensor.of(memory, Shape.of(2), 1f, 2f);
    var y = new Tensor[1];
    try (var recording = device.record(() -> y[0] = x.times(3))) {
      recording.replay();
      assertArrayEquals(new float[] {3, 6}, y[0].toFloats());
    }
  }

  @Test
  void memoryOfRecordingsIsHeldByTheDevice() {
    long before = device.memory().heldBytes();
    Runnable step =
        () -> {
          try (var work = device.scope()) {
            Tensor.zeros(work, DType.F32, Shape.of(1 << 20));
          }
        };
    try (var _ = device.record(step)) {
      assertTrue(device.memory().heldBytes() >= before + (4 << 20));
    }
  }
}
