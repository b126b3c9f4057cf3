package dev.gatun.memory;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.grad.Tape;
import dev.gatun.nn.Gpt;
import dev.gatun.nn.GptConfig;
import dev.gatun.nn.Recompute;
import dev.gatun.nn.Rounding;
import dev.gatun.optim.OnDevice;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// A replay leaves what the same step leaves op by op.
@Tag("backend")
class RecordingTest {
  private static final int STEPS = 4;
  private static final long LARGER_THAN_CHUNKS = 70 << 20;

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
  @CsvSource({
    "adamw, F32, NEAREST, NONE",
    "lion, F32, NEAREST, MLP",
    "sophia, F32, NEAREST, BLOCK",
    "adamw, BF16, NEAREST, BLOCK",
    "lion, BF16, STOCHASTIC, NONE",
    "sophia, BF16, STOCHASTIC, MLP"
  })
  void replayedStepsHaveTheBitsOfEagerOnes(
      String optimizer, DType dtype, Rounding rounding, Recompute recompute) {
    var eager = new RecordedTraining(memory, optimizer, dtype, rounding, recompute);
    var replayed = new RecordedTraining(memory, optimizer, dtype, rounding, recompute);
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

  /// For which the system is asked while the calls are kept.
  @Test
  void aScopeFromOutsideMayGrow() {
    var x = Tensor.of(memory, Shape.of(2), 1f, 2f);
    var y = new Tensor[1];
    Runnable step =
        () -> {
          memory.bytes(LARGER_THAN_CHUNKS);
          device.pinned(64).close();
          device.trim();
          y[0] = x.times(3);
        };
    try (var recording = device.record(step)) {
      recording.replay();
      assertArrayEquals(new float[] {3, 6}, y[0].toFloats());
    }
  }

  /// Though its memory is the next one's, on whatever stream.
  @Test
  void aScopeThatTheStepDoesNotUseMayCloseMeanwhile() {
    var x = Tensor.of(memory, Shape.of(2), 1f, 2f);
    var y = Tensor.zeros(memory, DType.F32, Shape.of(2));
    var idle = Tensor.zeros(memory, DType.F32, Shape.of(2));
    var kernels = device.kernels();
    try (var arena = Arena.ofConfined()) {
      var answer = arena.allocate(ValueLayout.ADDRESS);
      kernels.streamOpen(device.handle(), answer);
      var other = answer.get(ValueLayout.ADDRESS, 0);
      var unused = new ArrayDeque<Scope>();
      for (int i = 0; i < 4; i++) {
        var scope = device.scope();
        scope.floats(3);
        if (i % 2 == 0) scope.lent(idle.data().address(), 8);
        unused.add(scope);
      }
      Runnable step =
          () -> {
            unused.remove().close();
            unused.remove().close();
            try (var _ = device.scope()) {
              var result = x.times(3);
              kernels.copy(device.stream().handle(), y.data(), result.data(), 8);
            }
          };
      try (var recording = device.record(step)) {
        recording.replay();
        assertArrayEquals(new float[] {3, 6}, y.toFloats());
      }
      kernels.streamClose(other);
    }
  }

  @Test
  void anotherRecordingMayCloseMeanwhile() {
    var x = Tensor.of(memory, Shape.of(2), 1f, 2f);
    var feed = new Feed(memory, Float.BYTES);
    var y = new Tensor[1];
    var others = new ArrayDeque<Recording>();
    for (int i = 0; i < 2; i++) {
      others.add(device.record(feed::send));
      others.peekLast().replay();
    }
    Runnable step =
        () -> {
          others.remove().close();
          y[0] = x.times(3);
        };
    try (var recording = device.record(step)) {
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
