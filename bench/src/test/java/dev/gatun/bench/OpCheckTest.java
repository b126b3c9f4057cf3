package dev.gatun.bench;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
import java.util.Arrays;
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

  /// A row of many, which the whole would hide.
  @Test
  void failsAPartThatIsMissing() {
    var right = new double[64 * 1024];
    Arrays.setAll(right, i -> Math.sin(i));
    var found = right.clone();
    assertEquals(0, OpCheck.error(found, right, 64));
    Arrays.fill(found, right.length - 64, right.length, 0);
    assertEquals(1, OpCheck.error(found, right, 64), 0.1);
    found[5] = Double.NaN;
    assertTrue(Double.isNaN(OpCheck.error(found, right, 64)));
  }

  /// As kernels would leave that do nothing.
  @Test
  void nothingIsNoAnswer() {
    assertThrows(BenchFailure.class, () -> check(DType.F32, new Unary(Unary.Kind.SCALE, 0)));
    assertEquals(0, OpCheck.error(new double[9], new double[9], 64));
    assertEquals(10, OpCheck.error(new double[] {1}, new double[1], 64), 1e-9);
  }

  private static void check(DType type, double factor) {
    check(type, new Scaling(factor));
  }

  private static void check(DType type, Op op) {
    var sample = new OpSample(op, null, Argument.floats(4, 4));
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
