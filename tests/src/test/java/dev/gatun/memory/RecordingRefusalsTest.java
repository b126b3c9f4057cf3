package dev.gatun.memory;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.ClosedTensor;
import dev.gatun.GatunException;
import dev.gatun.InvalidArgument;
import dev.gatun.optim.OnDevice;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// What cannot be replayed is refused in a sentence, and leaves the device as it was.
@Tag("backend")
class RecordingRefusalsTest {
  @AutoClose private final OnDevice on = new OnDevice();
  private final Device device = on.device();
  private final Scope memory = on.memory();

  @Test
  void whatCannotBeReplayedIsRefusedInItsWords() {
    var x = Tensor.of(memory, Shape.of(2), 1f, 2f);
    refused("a copy to the host cannot be replayed", () -> x.toFloats());
    refused("a copy to the host cannot be replayed", () -> x.slice(0, 0, 1).item());
    refused("to wait for it cannot be replayed", () -> device.stream().join());
    refused("the device records already", () -> device.record(() -> {}).close());
    assertArrayEquals(new float[] {1, 2}, x.toFloats());
  }

  /// Behind what scopes are asked for meanwhile there may be no memory yet.
  @Test
  void whatAnotherStreamIsAskedForMeanwhileIsRefused() {
    var x = Tensor.of(memory, Shape.of(2), 1f, 2f);
    var kernels = device.kernels();
    try (var arena = Arena.ofConfined()) {
      var answer = arena.allocate(ValueLayout.ADDRESS);
      kernels.streamOpen(device.handle(), answer);
      var other = answer.get(ValueLayout.ADDRESS, 0);
      refused("another stream", () -> kernels.fill(other, x.data(), 2, 0, DType.F32.code()));
      kernels.streamClose(other);
    }
  }

  @Test
  void aScopeLeftOpenIsRefused() {
    var left = new Scope[1];
    var refusal =
        assertThrows(
            InvalidArgument.class,
            () ->
                device.record(
                    () -> {
                      left[0] = device.scope();
                      left[0].floats(3);
                    }));
    assertTrue(refusal.getMessage().contains("is still open"), refusal.getMessage());
    assertFalse(left[0].isOpen());
    assertEquals(2, Tensor.of(device.innermost(), Shape.of(1), 1f).times(2).item());
  }

  @Test
  void whatAStepFailsOfIsWhatIsTold() {
    var failure = new IllegalStateException("of the step's own");
    Runnable step =
        () -> {
          device.scope().floats(3);
          throw failure;
        };
    assertSame(failure, assertThrows(IllegalStateException.class, () -> device.record(step)));
    assertSame(memory, device.innermost());
  }

  @Test
  void overAClosedScopeNothingIsReplayed() {
    var other = device.scope();
    var x = Tensor.of(other, Shape.of(2), 1f, 2f);
    try (var recording = device.record(() -> scale(x))) {
      recording.replay();
      other.close();
      var refusal = assertThrows(InvalidArgument.class, recording::replay);
      assertTrue(refusal.getMessage().contains("is closed"), refusal.getMessage());
    }
  }

  /// Whose owner may free it then.
  @Test
  void overMemoryThatWasLentToAClosedScopeNothingIsReplayed() {
    var scope = device.scope();
    var lent = scope.lent(Tensor.of(memory, Shape.of(2), 1f, 2f).data().address(), 8);
    var x = Tensor.over(scope, lent, DType.F32, Shape.of(2), null);
    try (var recording = device.record(() -> scale(x))) {
      recording.replay();
      scope.close();
      var refusal = assertThrows(InvalidArgument.class, recording::replay);
      assertTrue(refusal.getMessage().contains("is closed"), refusal.getMessage());
    }
  }

  @Test
  void lendingToAScopeThatEndsWithTheWalkIsRefused() {
    long address = Tensor.of(memory, Shape.of(2), 1f, 2f).data().address();
    refused(
        "lend to one that was open before",
        () -> {
          try (var scope = device.scope()) {
            scope.lent(address, 8);
          }
        });
  }

  @Test
  void whatHasNothingToDoWithTheStepIsRefusedWhereItWouldSpoilIt() {
    var kernels = device.kernels();
    try (var arena = Arena.ofConfined()) {
      var answer = arena.allocate(ValueLayout.ADDRESS);
      refused("to open a stream", () -> kernels.streamOpen(device.handle(), answer));
      kernels.streamOpen(device.handle(), answer);
      var stream = answer.get(ValueLayout.ADDRESS, 0);
      refused("to close a stream", () -> kernels.streamClose(stream));
      kernels.streamClose(stream);
    }
  }

  /// They are never used, so that only their sum could tell.
  @Test
  void moreThanAnyDeviceHasIsRefused() {
    Runnable step =
        () -> {
          try (var scope = device.scope()) {
            for (int i = 0; i < 40; i++) scope.bytes(1L << 58);
          }
        };
    refused("out of memory", step);
  }

  @Test
  void aScopeThatClosesMeanwhileIsRefused() {
    var other = device.scope();
    var x = Tensor.of(other, Shape.of(2), 1f, 2f);
    var walks = new int[1];
    Runnable step =
        () -> {
          scale(x);
          if (walks[0]++ == 1) other.close();
        };
    refused("was closed while it was made", step);
  }

  @Test
  void bothWalksAskForTheSameCalls() {
    var x = Tensor.of(memory, Shape.of(2), 1f, 2f);
    var walks = new int[1];
    refused(
        "is not the one that was planned",
        () -> {
          try (var _ = device.scope()) {
            x.times(walks[0]++);
          }
        });
    refused(
        "is not the one that was planned",
        () -> {
          try (var _ = device.scope()) {
            x.slice(0, walks[0]++ % 2, 1);
          }
        });
    refused(
        "is not the one that was planned",
        () -> {
          try (var _ = device.scope()) {
            x.slice(0, 0, 1 + walks[0]++ % 2).times(2);
          }
        });
    var y = Tensor.of(memory, Shape.of(2), 1f, 2f);
    refused("with the same arrays", () -> scale(walks[0]++ % 2 == 0 ? x : y));
    refused(
        "with the same arrays",
        () -> {
          try (var _ = device.scope()) {
            var a = x.times(2);
            var b = x.times(3);
            (walks[0]++ % 2 == 0 ? a : b).times(4);
            a.plus(b);
          }
        });
    refused(
        "were planned",
        () -> {
          try (var _ = device.scope()) {
            if (walks[0]++ % 2 == 0) x.times(2);
          }
        });
  }

  @Test
  void aClosedOneReplaysNothing() {
    var recording = device.record(() -> {});
    recording.close();
    recording.close();
    assertThrows(ClosedTensor.class, recording::replay);
  }

  private void refused(String sentence, Runnable step) {
    var refusal = assertThrows(GatunException.class, () -> device.record(step));
    assertTrue(refusal.getMessage().contains(sentence), refusal.getMessage());
    try (var recording = device.record(() -> {})) {
      recording.replay();
    }
  }

  private void scale(Tensor x) {
    try (var _ = device.scope()) {
      x.times(2);
    }
  }
}
