package dev.gatun.grad;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.ffi.Kernels;
import dev.gatun.laws.Devices;
import dev.gatun.memory.Device;
import dev.gatun.memory.Scope;
import dev.gatun.op.CustomOp;
import dev.gatun.op.Frame;
import dev.gatun.op.Op;
import dev.gatun.op.Outputs;
import dev.gatun.op.Reads;
import dev.gatun.op.Spec;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.GradientSlot;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// How often the ops of a segment run: what keeps its activations would run them once, and what
/// asks for more than it needs more often.
@Tag("backend")
class RecomputedRunsTest {
  private static final Shape SHAPE = Shape.of(3);

  @AutoClose private final Device device = Devices.underTest();
  private final Scope memory = device.scope();
  private final Tensor x = Tensor.of(memory, SHAPE, 0.5, -1, 2);
  private final Tensor w =
      Tensor.over(
          memory,
          Tensor.of(memory, SHAPE, 1.0, 2, 3).data(),
          DType.F64,
          SHAPE,
          new GradientSlot(device, Tensor.zeros(memory, DType.F64, SHAPE).data()));
  private final Direction direction = Direction.of(Map.of(w, x));
  private final Doubling doubling = new Doubling();

  /// y = 2 x, and counts what is asked of it.
  private static final class Doubling extends CustomOp {
    private int forwards;
    private int pullbacks;

    @Override
    public Outputs shapes(List<Spec> inputs) {
      return Outputs.of(inputs.getFirst());
    }

    @Override
    public void forward(Frame f) {
      forwards++;
      twice(f, f);
    }

    private static void twice(Frame f, Frame at) {
      long n = f.shape(0).count();
      f.kernels().unaryForward(f.stream(), at.out(0), at.in(0), n, 2, Kernels.SCALE, f.dtype());
    }

    @Override
    public void tangent(Frame f, Frame t) {
      twice(f, t);
    }

    @Override
    public Op pullback() {
      return new DoublingPullback(this);
    }

    @Override
    public Reads reads() {
      return Reads.of();
    }
  }

  /// dx = 2 dy, where nothing has arrived yet.
  private static final class DoublingPullback extends CustomOp {
    private final Doubling doubling;

    DoublingPullback(Doubling doubling) {
      this.doubling = doubling;
    }

    @Override
    public Outputs shapes(List<Spec> inputs) {
      return Outputs.of(inputs.getFirst());
    }

    @Override
    public void forward(Frame f) {
      doubling.pullbacks++;
      assertEquals(1, f.fresh());
      Doubling.twice(f, f);
    }

    @Override
    public void tangent(Frame f, Frame t) {
      assertEquals(1, t.fresh());
      Doubling.twice(f, t);
    }
  }

  private List<Tensor> segment(List<Tensor> in) {
    return List.of(doubling.apply(in.getFirst().times(w)).getFirst().square());
  }

  private void require(int forwards, int pullbacks) {
    assertEquals(forwards, doubling.forwards, "forwards");
    assertEquals(pullbacks, doubling.pullbacks, "pullbacks");
  }

  @Test
  void aGradientRunsASegmentTwice() {
    try (var tape = Tape.open(device)) {
      var loss = Recomputed.of(this::segment, x).getFirst().sum();
      require(1, 0);
      assertArrayEquals(new double[] {2, 16, 96}, tape.backward(loss).of(w).toDoubles());
      require(2, 1);
    }
  }

  @Test
  void aProductWithTheHessianRunsItThrice() {
    try (var tape = Tape.open(device)) {
      var loss = Recomputed.of(this::segment, x).getFirst().sum();
      var product = HessianVector.along(direction).of(tape, loss);
      assertArrayEquals(new double[] {1, -8, 64}, product.of(w).toDoubles());
      require(3, 1);
    }
  }

  @Test
  void aProductWithTheGaussNewtonMatrixRunsItThrice() {
    try (var tape = Tape.open(device)) {
      var loss = Recomputed.of(this::segment, x).getFirst().squaredError(x);
      GaussNewtonVector.along(direction).of(tape, loss);
      require(3, 1);
    }
  }

  /// The outer one's new run runs the inner one, as the first did, and walks back through it.
  @Test
  void anInnerSegmentRunsOnceMore() {
    UnaryOperator<List<Tensor>> outer =
        in -> List.of(Recomputed.of(this::segment, in.getFirst().exp()).getFirst().exp());
    try (var tape = Tape.open(device)) {
      tape.backward(Recomputed.of(outer, x).getFirst().sum());
      require(3, 1);
    }
  }

  @Test
  void whatTheLossDoesNotReachRunsOnce() {
    try (var tape = Tape.open(device)) {
      Recomputed.of(this::segment, x);
      tape.backward(x.times(w).sum());
      require(1, 0);
    }
  }

  /// Recorded, the calls of the segment are there twice: beside those of the same step without it,
  /// the segment's three ops and the copy of its result.
  @Test
  void aRecordingHoldsItsCallsTwice() {
    long plain = calls(in -> segment(in));
    long recomputed = calls(in -> Recomputed.of(this::segment, in.getFirst()));
    if (device.backend().equals("cpu")) assertEquals(plain + 3 + 1, recomputed);
    assertTrue(recomputed >= plain + 3 + 1, recomputed + " beside " + plain);
  }

  private long calls(UnaryOperator<List<Tensor>> network) {
    try (var recording =
        device.record(
            () -> {
              w.slot().orElseThrow().fresh(true);
              try (var tape = Tape.open(device)) {
                tape.backward(network.apply(List.of(x)).getFirst().sum());
              }
            })) {
      recording.replay();
      assertArrayEquals(
          new double[] {2, 16, 96},
          Tensor.over(memory, w.slot().orElseThrow().gradient(), DType.F64, SHAPE, null)
              .toDoubles());
      return recording.calls();
    }
  }
}
