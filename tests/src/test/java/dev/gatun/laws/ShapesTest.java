package dev.gatun.laws;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.ShapeMismatch;
import dev.gatun.op.Attention;
import dev.gatun.op.AttentionBlock;
import dev.gatun.op.Binary;
import dev.gatun.op.Concatenate;
import dev.gatun.op.CustomOp;
import dev.gatun.op.Embedding;
import dev.gatun.op.Gather;
import dev.gatun.op.HeadLoss;
import dev.gatun.op.LayerMix;
import dev.gatun.op.LayerNorm;
import dev.gatun.op.Linear;
import dev.gatun.op.MatMul;
import dev.gatun.op.Mlp;
import dev.gatun.op.Op;
import dev.gatun.op.Reduce;
import dev.gatun.op.Reshape;
import dev.gatun.op.ResidualLayerNorm;
import dev.gatun.op.Slice;
import dev.gatun.op.SoftmaxCrossEntropy;
import dev.gatun.op.Spec;
import dev.gatun.op.SquaredError;
import dev.gatun.op.Transpose;
import dev.gatun.op.Unary;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/// Shapes that do not go together are refused in a sentence that names the op and says them.
class ShapesTest {
  private record Misfit(Op op, List<Spec> arguments, List<String> said) {
    Misfit(Op op, Spec... arguments) {
      this(
          op,
          List.of(arguments),
          Arrays.stream(arguments).map(argument -> argument.shape().toString()).toList());
    }

    /// Where the sentence says only the arguments at these places, and these words.
    Misfit saying(Object... parts) {
      return new Misfit(
          op,
          arguments,
          Arrays.stream(parts)
              .map(part -> part instanceof Integer i ? arguments.get(i).shape() : part)
              .map(Object::toString)
              .toList());
    }

    void requireRefused() {
      var why = assertThrows(ShapeMismatch.class, () -> op.shapes(arguments)).getMessage();
      assertTrue(why.startsWith(op.name() + ": "), why);
      for (var part : said) assertTrue(why.contains(part), () -> "no " + part + " in: " + why);
    }
  }

  private static Spec floats(long... sizes) {
    return new Spec(Shape.of(sizes), DType.F32);
  }

  private static Spec indices(long... sizes) {
    return new Spec(Shape.of(sizes), DType.I32);
  }

  private static final List<Misfit> MISFITS =
      List.of(
          new Misfit(new Attention(2, 1, true), floats(3, 12)),
          new Misfit(new Attention(2, 1, true), floats(1, 4, 15)).saying(0, "2 heads"),
          new Misfit(new Attention(1, 1, true, true), floats(1, 4, 6), indices(1)).saying(1),
          new Misfit(new Attention(1, 1, true, true), floats(1, 4, 6), floats(2)).saying("I32"),
          block(3, floats(1, 2, 4), floats(4), floats(4, 12), floats(4, 4)).saying(0, "3 heads"),
          block(2, floats(1, 2, 4), floats(4), floats(4, 8), floats(4, 4)).saying(2, "(4, 12)"),
          block(2, floats(1, 2, 4), floats(4), floats(4, 12), floats(4, 8)).saying(3, "(4, 4)"),
          block(2, floats(2, 4), floats(4), floats(4, 12), floats(4, 4)).saying(0),
          new Misfit(new Binary(Binary.Kind.ADD), floats(3, 5), floats(4, 5)),
          new Misfit(new Binary(Binary.Kind.ADD), floats(3, 5), floats(3)),
          new Misfit(new Binary(Binary.Kind.ADD), floats(5), floats(3, 5)),
          new Misfit(new Binary(Binary.Kind.ADD), floats(2, 3, 5), floats(2, 1, 5)),
          new Misfit(new Concatenate(0), floats(3, 5), floats(3, 6)),
          new Misfit(new Concatenate(0), floats(3, 5), floats(5)),
          new Misfit(new Concatenate(2), floats(3, 5), floats(3, 5)).saying(0, "axis 2"),
          new Misfit(new Embedding(8), floats(8, 3), floats(7, 4), indices(2, 5)).saying(0, 1),
          new Misfit(new Embedding(9), floats(8, 3), floats(7, 3), indices(2, 5)).saying(0, "9"),
          new Misfit(new Embedding(8), floats(8, 3), floats(7, 3), indices(5)).saying(2),
          new Misfit(new Embedding(8), floats(8, 3), floats(4, 3), indices(2, 5)).saying("4", "5"),
          new Misfit(new Gather(), floats(8, 3, 2), indices(5)).saying(0),
          new Misfit(new HeadLoss(8), floats(4, 3), floats(8, 5), indices(4)).saying(0, 1),
          new Misfit(new HeadLoss(8), floats(4, 3), floats(8, 3), indices(3)).saying(0, 2),
          new Misfit(new HeadLoss(9), floats(4, 3), floats(8, 3), indices(4)).saying(1, "9"),
          new Misfit(new LayerMix(), floats(4, 3), floats(7, 5)).saying(1, "3"),
          new Misfit(new LayerMix(), floats(4), floats(4, 5)).saying(0),
          new Misfit(new LayerMix(), floats(0, 3), floats(3, 5)).saying(0, "nothing"),
          new Misfit(new LayerMix(), floats(1, 1), floats()).saying(1),
          new Misfit(new LayerNorm(1, false), floats(3, 4), floats(5)),
          new Misfit(new LayerNorm(1, true), floats(3, 4), floats(4), floats(3)).saying(0, 2),
          new Misfit(new LayerNorm(1, false), floats(3, 4), floats(4, 1)),
          new Misfit(new Linear(false), floats(3, 5), floats(4, 7)),
          new Misfit(new Linear(false), floats(3, 5), floats(5)).saying(1),
          new Misfit(new Linear(true), floats(3, 5), floats(5, 7), floats(6)).saying(0, 2),
          new Misfit(new MatMul(), floats(3, 5), floats(4, 5)),
          new Misfit(new MatMul(false, true), floats(3, 5), floats(5, 4)),
          new Misfit(new MatMul(true, false), floats(3, 5), floats(5, 4)),
          new Misfit(new MatMul(), floats(2, 3, 5), floats(5, 4)),
          new Misfit(new MatMul(), floats(2, 3, 5), floats(3, 5, 4)),
          new Misfit(new MatMul(), floats(5), floats(5)),
          new Misfit(new Mlp(1, false), floats(3, 4), floats(4), floats(5, 8), floats(8, 4))
              .saying(2, "(4, 8)"),
          new Misfit(new Mlp(1, false), floats(3, 4), floats(4), floats(4, 8), floats(8, 3))
              .saying(3, "(8, 4)"),
          new Misfit(new Mlp(1, false), floats(3, 4), floats(3), floats(4, 8), floats(8, 4))
              .saying(0, 1),
          new Misfit(new Reduce(Reduce.Kind.SUM, 2), floats(3, 5)).saying(0, "axis 2"),
          new Misfit(new Reshape(Shape.of(4, 4)), floats(3, 5)).saying(0, "(4, 4)"),
          new Misfit(new ResidualLayerNorm(1, false), floats(3, 4), floats(4, 3), floats(4))
              .saying(0, 1),
          new Misfit(new ResidualLayerNorm(1, false), floats(3, 4), floats(3, 4), floats(3))
              .saying(0, 2),
          new Misfit(new Slice(1, 3, 3), floats(3, 5)).saying(0, "3 to 5", "axis 1"),
          new Misfit(new Slice(1, -1, 3), floats(3, 5)).saying(0, "-1"),
          new Misfit(new Slice(-3, 0, 1), floats(3, 5)).saying(0, "axis -3"),
          new Misfit(new SoftmaxCrossEntropy(5), floats(3, 5), indices(4)),
          new Misfit(new SoftmaxCrossEntropy(6), floats(3, 5), indices(3)).saying(0, "6"),
          new Misfit(new SquaredError(), floats(3, 5), floats(5, 3)),
          new Misfit(new SquaredError(), floats(0, 5), floats(0, 5)).saying("nothing"),
          new Misfit(new Transpose(), floats(5)));

  private static Misfit block(long heads, Spec... arguments) {
    return new Misfit(new AttentionBlock(heads, 1, 1, false, true), arguments);
  }

  @TestFactory
  Stream<DynamicTest> refusesShapesThatDoNotGoTogether() {
    return MISFITS.stream()
        .map(misfit -> DynamicTest.dynamicTest(misfit.toString(), misfit::requireRefused));
  }

  @Test
  void everyOpThatCaresForShapesIsTried() {
    var tried = MISFITS.stream().map(misfit -> misfit.op().getClass()).collect(Collectors.toSet());
    var missing =
        OpSamples.ALL.stream()
            .map(OpSample::op)
            .filter(op -> !(op instanceof Unary || op instanceof CustomOp))
            .map(Op::getClass)
            .filter(op -> !tried.contains(op))
            .collect(Collectors.toSet());
    assertEquals(Set.of(), missing);
  }
}
