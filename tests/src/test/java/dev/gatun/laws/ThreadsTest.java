package dev.gatun.laws;

import static dev.gatun.laws.Argument.floats;
import static dev.gatun.laws.Argument.given;
import static dev.gatun.laws.Argument.indices;
import static dev.gatun.laws.Argument.wide;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.gatun.laws.DenseAttention.Problem;
import dev.gatun.memory.Device;
import dev.gatun.op.Attention;
import dev.gatun.op.Binary;
import dev.gatun.op.Concatenate;
import dev.gatun.op.Embedding;
import dev.gatun.op.Gather;
import dev.gatun.op.LayerNorm;
import dev.gatun.op.Op;
import dev.gatun.op.Reduce;
import dev.gatun.op.Reshape;
import dev.gatun.op.ResidualLayerNorm;
import dev.gatun.op.Slice;
import dev.gatun.op.SoftmaxCrossEntropy;
import dev.gatun.op.SquaredError;
import dev.gatun.op.Transpose;
import dev.gatun.op.Unary;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/// Work is divided among threads without changing a bit, at sizes where it is divided. Matrix
/// products promise that at a fixed number of threads only, so ops made of them are not here.
@Tag("laws")
class ThreadsTest {
  private static Device one;
  private static Device two;

  @BeforeAll
  static void open() {
    one = Device.cpu(1);
    two = Device.cpu(2);
  }

  @AfterAll
  static void close() {
    two.close();
    one.close();
  }

  private static OpSample sample(Op op, Argument... arguments) {
    return new OpSample(op, List.of(arguments), null);
  }

  private static Stream<OpSample> divided() {
    return Stream.of(
        sample(new Unary(Unary.Kind.GELU), floats(40_001)),
        sample(new Binary(Binary.Kind.MULTIPLY), floats(40_001), floats(40_001)),
        sample(new Binary(Binary.Kind.MULTIPLY), floats(257, 129), floats(129)),
        sample(new Binary(Binary.Kind.MULTIPLY), floats(129, 257), floats(129, 1)),
        sample(new Binary(Binary.Kind.MULTIPLY), floats(129, 257), floats()),
        sample(new Reduce(Reduce.Kind.SUM, 0), floats(257, 129)),
        sample(new Reduce(Reduce.Kind.SUM, 1), floats(129, 257)),
        sample(new Reduce(Reduce.Kind.MEAN, Reduce.ALL), floats(400_003)),
        sample(new Transpose(), floats(3, 129, 257)),
        sample(new Reshape(Shape.of(40_001)), floats(40_001, 1)),
        sample(new Slice(1, 1, 128), floats(257, 130)),
        sample(new Concatenate(1), floats(257, 65), floats(257, 66)),
        sample(new Gather(), floats(65, 129), indices(65, 257)),
        sample(new Embedding(65), floats(128, 129), floats(65, 129), indices(65, 5, 65)),
        sample(new SquaredError(), floats(400_003), floats(400_003)),
        sample(new LayerNorm(1e-5, true), floats(257, 129), wide(129), wide(129)),
        sample(
            new ResidualLayerNorm(1e-5, true),
            floats(257, 129),
            floats(257, 129),
            wide(129),
            wide(129)),
        sample(new SoftmaxCrossEntropy(129), floats(257, 129), indices(129, 257)),
        sample(new Attention(3, 0.2, true), floats(2, 129, 3 * 3 * 17)),
        sample(
            new Attention(3, 0.2, true, true),
            floats(2, 129, 3 * 3 * 17),
            given(0, 1, 64, 150, 203, 258)));
  }

  @TestFactory
  Stream<DynamicTest> oneThreadAndTwoYieldTheSameBits() {
    var law = new RepetitionLaw(two);
    return divided()
        .map(sample -> DynamicTest.dynamicTest(sample.name(), () -> law.check(one, sample)));
  }

  /// With one head two threads share it, tile by tile; with three each takes whole ones.
  @TestFactory
  Stream<DynamicTest> soDoTangentsOfAttention() {
    return Stream.of(1, 3)
        .map(heads -> new Problem(1, 150, heads, 17, 0.2, true, new int[] {0, 40, 150}))
        .map(p -> DynamicTest.dynamicTest(p.heads() + " heads", () -> requireSameBits(p)));
  }

  private static void requireSameBits(Problem p) {
    var alone = new AttentionRun(one, p, DType.F32, 0);
    var together = new AttentionRun(two, p, DType.F32, 0);
    var random = new SplittableRandom(1);
    var x = alone.draw(random);
    var tx = alone.direction(random);
    assertArrayEquals(alone.tangent(x, tx.qkv()), together.tangent(x, tx.qkv()));
    assertArrayEquals(alone.pullbackTangent(x, tx), together.pullbackTangent(x, tx));
  }
}
