package dev.gatun.memory;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.gatun.ffi.Kernels;

import dev.gatun.grad.Tape;
import dev.gatun.op.CustomOp;
import dev.gatun.op.Frame;
import dev.gatun.op.Op;
import dev.gatun.op.Outputs;
import dev.gatun.op.Reads;
import dev.gatun.op.Spec;
import dev.gatun.optim.OnDevice;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.GradientSlot;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// A replay asks nothing of ops, forwards or backwards.
@Tag("backend")
class ReplayedOpsTest {
  @AutoClose private final OnDevice on = new OnDevice();
  private final Device device = on.device();
  private final Scope memory = on.memory();

  /// y = 2 x and dx = 2 dy, until nothing may be asked of it.
  private static final class Doubling extends CustomOp {
    private boolean isDone;

    @Override
    public Outputs shapes(List<Spec> inputs) {
      if (isDone) throw new IllegalStateException("shapes are asked for");
      return Outputs.of(inputs.getFirst());
    }

    @Override
    public void forward(Frame f) {
      if (isDone) throw new IllegalStateException("forward is asked for");
      long n = f.shape(0).count();
      f.kernels().unaryForward(f.stream(), f.out(0), f.in(0), n, 2, Kernels.SCALE, f.dtype());
    }

    @Override
    public Op pullback() {
      return this;
    }

    @Override
    public Reads reads() {
      return Reads.of();
    }
  }

  @Test
  void nothingIsAskedOfAnOp() {
    var op = new Doubling();
    var shape = Shape.of(3);
    var data = Tensor.of(memory, shape, 1f, 2f, 3f).data();
    var gradient = Tensor.zeros(memory, DType.F32, shape);
    var slot = new GradientSlot(device, gradient.data());
    var w = Tensor.over(memory, data, DType.F32, shape, slot);
    Runnable step =
        () -> {
          slot.fresh(true);
          try (var tape = Tape.open(device)) {
            tape.backward(op.apply(w).getFirst().square().sum());
          }
        };
    try (var recording = device.record(step)) {
      op.isDone = true;
      recording.replay();
      assertArrayEquals(new float[] {8, 16, 24}, gradient.toFloats());
      w.copyFrom(new double[] {-1, 0, 5});
      recording.replay();
      assertArrayEquals(new float[] {-8, 0, 40}, gradient.toFloats());
    }
    assertThrows(IllegalStateException.class, step::run);
  }
}
