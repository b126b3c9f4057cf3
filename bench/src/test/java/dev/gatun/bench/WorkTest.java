package dev.gatun.bench;

import static dev.gatun.laws.Argument.floats;
import static dev.gatun.laws.Argument.given;
import static dev.gatun.laws.Argument.indices;
import static dev.gatun.laws.Argument.wide;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.laws.Argument;
import dev.gatun.laws.OpSample;
import dev.gatun.memory.Device;
import dev.gatun.op.Attention;
import dev.gatun.op.Binary;
import dev.gatun.op.Gather;
import dev.gatun.op.MatMul;
import dev.gatun.op.Op;
import dev.gatun.op.Reduce;
import dev.gatun.op.ResidualLayerNorm;
import dev.gatun.op.Unary;
import dev.gatun.tensor.DType;
import org.junit.jupiter.api.Test;

/// What a rule is held to: its FLOPs and its bytes.
class WorkTest {
  @Test
  void aProductHasTwoAnElementOfEachPair() {
    assertEquals(2 * 3 * 5 * 7, flops(new MatMul(), floats(3, 5), floats(5, 7)), 1e-9);
  }

  /// Scores and output, of 2 sequences of 8 positions of width 4.
  @Test
  void attentionCountsThePairsThatAreSeen() {
    var x = floats(2, 8, 12);
    assertEquals(2 * 2 * 4 * (64 + 64), flops(new Attention(1, 1, false), x));
    assertEquals(2 * 2 * 4 * (64 + 64) / 2, flops(new Attention(1, 1, true), x));
    var documents = given(0, 4, 10, 16);
    double pairs = 4 * 4 + 4 * 4 + 2 * 2 + 6 * 6;
    assertEquals(2 * 2 * 4 * pairs, flops(new Attention(1, 1, false, true), x, documents));
  }

  @Test
  void aTableIsReadByRowsAndItsGradientWrittenWhole() {
    Argument[] arguments = {floats(10, 4), indices(10, 3)};
    int rows = 3 * 4 * Float.BYTES;
    int table = 10 * 4 * Float.BYTES;
    int indices = 3 * Integer.BYTES;
    assertEquals(rows + indices + rows, bytes(Rule.FORWARD, new Gather(), arguments));
    assertEquals(rows + indices + rows, bytes(Rule.TANGENT, new Gather(), arguments));
    assertEquals(rows + indices + table, bytes(Rule.PULLBACK, new Gather(), arguments));
    assertEquals(rows + indices + table, bytes(Rule.PULLBACK_TANGENT, new Gather(), arguments));
  }

  @Test
  void linearOpsReadNoValuesForDerivatives() {
    int array = 6 * Float.BYTES;
    assertEquals(3 * array, bytes(Rule.TANGENT, new Binary(Binary.Kind.ADD), floats(6), floats(6)));
    var product = new Binary(Binary.Kind.MULTIPLY);
    assertEquals(5 * array, bytes(Rule.TANGENT, product, floats(6), floats(6)));
  }

  @Test
  void sumsReadWhatTheySum() {
    int array = 32 * 8 * Float.BYTES;
    var all = new Reduce(Reduce.Kind.SUM, Reduce.ALL);
    assertEquals(array + Float.BYTES, bytes(Rule.FORWARD, all, floats(32, 8)));
    var rows = new Reduce(Reduce.Kind.MEAN, 0);
    assertEquals(array + 8 * Float.BYTES, bytes(Rule.FORWARD, rows, floats(32, 8)));
    assertEquals(array + 8 * Float.BYTES, bytes(Rule.PULLBACK, rows, floats(32, 8)));
  }

  /// A pullback's tangent that is linear in the cotangent needs but the argument, and what was kept
  /// of a sum stands for its summands.
  @Test
  void whatARuleIsToldButNeedNotReadCountsForNothing() {
    int array = 16 * 8 * Float.BYTES;
    var relu = new Unary(Unary.Kind.RELU, 1);
    assertEquals(3 * array, bytes(Rule.PULLBACK, relu, floats(16, 8)));
    assertEquals(3 * array, bytes(Rule.PULLBACK_TANGENT, relu, floats(16, 8)));
    var norm = new ResidualLayerNorm(1e-5, true);
    Argument[] arguments = {floats(16, 8), floats(16, 8), wide(8), wide(8)};
    int vectors = 4 * 16 * Float.BYTES + 3 * 8 * Float.BYTES;
    double tangent = bytes(Rule.TANGENT, norm, arguments);
    assertEquals(5 * array, tangent, vectors);
  }

  private static double flops(Op op, Argument... arguments) {
    return Flops.of(new OpSample(op, null, arguments), Rule.FORWARD);
  }

  private static long bytes(Rule rule, Op op, Argument... arguments) {
    try (var device = Device.cpu(1);
        var memory = device.scope()) {
      return new PreparedOp(memory, new OpSample(op, null, arguments), DType.F32).bytes(rule);
    }
  }
}
