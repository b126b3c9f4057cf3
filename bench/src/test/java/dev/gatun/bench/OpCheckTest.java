package dev.gatun.bench;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.gatun.laws.Argument;
import dev.gatun.laws.OpSample;
import dev.gatun.memory.Device;
import dev.gatun.op.CustomOp;
import dev.gatun.op.Frame;
import dev.gatun.op.Op;
import dev.gatun.op.Outputs;
import dev.gatun.op.Reads;
import dev.gatun.op.Spec;
import dev.gatun.op.Unary;
import dev.gatun.tensor.DType;
import java.util.List;
import org.junit.jupiter.api.Test;

/// An answer is looked at before it is timed.
class OpCheckTest {
  private static final double FACTOR = 0.75;

  @Test
  void passesTheRightAnswer() {
    assertDoesNotThrow(() -> check(DType.F32, FACTOR));
    assertDoesNotThrow(() -> check(DType.BF16, FACTOR));
  }

  @Test
  void failsTheWrongOne() {
    assertThrows(BenchFailure.class, () -> check(DType.F32, 1.01 * FACTOR));
    assertThrows(BenchFailure.class, () -> check(DType.BF16, 1.1 * FACTOR));
  }

  private static void check(DType type, double factor) {
    var sample = new OpSample(new Scaling(factor), null, Argument.floats(4, 4));
    try (var device = Device.cpu(1);
        var memory = device.scope()) {
      OpCheck.require(device, new PreparedOp(memory, sample, type), sample);
    }
  }

  /// Takes another factor for fp32 and bf16 than for fp64.
  private static final class Scaling extends CustomOp {
    private final double factor;

    Scaling(double factor) {
      this.factor = factor;
    }

    @Override
    public Outputs shapes(List<Spec> inputs) {
      return by(FACTOR).shapes(inputs);
    }

    @Override
    public void forward(Frame f) {
      by(f.dtype() == DType.F64.code() ? FACTOR : factor).forward(f);
    }

    @Override
    public void tangent(Frame f, Frame t) {
      by(FACTOR).tangent(f, t);
    }

    @Override
    public Op pullback() {
      return by(FACTOR).pullback();
    }

    @Override
    public Reads reads() {
      return by(FACTOR).reads();
    }

    private static Op by(double alpha) {
      return new Unary(Unary.Kind.SCALE, alpha);
    }
  }
}
