package dev.gatun.laws.emulator;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.ffi.Kernels;
import dev.gatun.grad.Tape;
import dev.gatun.memory.Device;
import dev.gatun.memory.Feed;
import dev.gatun.op.CustomOp;
import dev.gatun.op.Frame;
import dev.gatun.op.Op;
import dev.gatun.op.Outputs;
import dev.gatun.op.Spec;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// What a replay asks for: of Java nothing, of the CUDA runtime what one call can, however many
/// calls were recorded.
@Tag("emulator")
class ReplayedCallsTest {
  /// It makes the device the thread's, waits until a place of the ring is free, sends what changes,
  /// marks that, and launches.
  private static final int CALLS = 5;

  /// y = 2 x, and counts how often it is asked.
  private static final class Doubling extends CustomOp {
    private int asked;

    @Override
    public Outputs shapes(List<Spec> inputs) {
      return Outputs.of(inputs.getFirst());
    }

    @Override
    public void forward(Frame f) {
      asked++;
      long n = f.shape(0).count();
      f.kernels().unaryForward(f.stream(), f.out(0), f.in(0), n, 2, Kernels.SCALE, f.dtype());
    }

    @Override
    public Op pullback() {
      throw new AssertionError("nobody differentiates");
    }
  }

  @Test
  void aReplayAsksNoOp() {
    var op = new Doubling();
    try (var device = Device.emulated();
        var memory = device.scope()) {
      var feed = new Feed(memory, Float.BYTES);
      var x = Tensor.over(memory, feed.data(), DType.F32, Shape.of(1), null);
      var y = Tensor.zeros(memory, DType.F32, Shape.of(1));
      try (var recording =
          device.record(
              () -> {
                feed.send();
                try (var _ = Tape.open(device)) {
                  var doubled = x;
                  for (int i = 0; i < 10; i++) doubled = op.apply(doubled).getFirst();
                  device
                      .kernels()
                      .copy(device.stream().handle(), y.data(), doubled.data(), Float.BYTES);
                }
              })) {
        assertEquals(20, op.asked, "ten in each of two walks");
        assertTrue(recording.calls() >= 12, recording.calls() + " calls");
        for (int replay = 1; replay <= 3; replay++) {
          feed.image().set(ValueLayout.JAVA_FLOAT, 0, replay);
          if (replay > 1) Emulator.failAt(0, 0);
          recording.replay();
          // The first brings along what does not change.
          if (replay > 1) assertEquals(CALLS, Emulator.calls());
          assertArrayEquals(new float[] {1024f * replay}, y.toFloats());
        }
        assertEquals(20, op.asked);
      }
    }
  }
}
