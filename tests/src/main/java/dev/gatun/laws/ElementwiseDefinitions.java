package dev.gatun.laws;

import dev.gatun.op.Binary;
import dev.gatun.op.Reduce;
import dev.gatun.op.Unary;
import dev.gatun.tensor.Shape;
import java.util.stream.IntStream;

/// What the elementwise ops and the reductions mean.
final class ElementwiseDefinitions {
  private ElementwiseDefinitions() {}

  static Definition of(Unary op) {
    return (s, _, x) ->
        new int[][] {IntStream.of(x[0]).map(element -> apply(s, op, element)).toArray()};
  }

  private static int apply(Scalars s, Unary op, int x) {
    return switch (op.kind()) {
      case EXP -> s.exp(x);
      case LOG -> s.log(x);
      case TANH -> s.tanh(x);
      case RELU -> s.relu(x);
      case SIGMOID -> s.over(s.constant(1), s.shifted(s.exp(s.scaled(x, -1)), 1));
      case SQUARE -> s.times(x, x);
      case SCALE -> s.scaled(x, op.alpha());
      case SHIFT -> s.shifted(x, op.alpha());
      case GELU -> gelu(s, x);
    };
  }

  static int gelu(Scalars s, int x) {
    int cube = s.times(x, s.times(x, x));
    int inner = s.scaled(s.plus(x, s.scaled(cube, 0.044715)), Math.sqrt(2 / Math.PI));
    return s.times(s.scaled(x, 0.5), s.shifted(s.tanh(inner), 1));
  }

  static Definition of(Binary op) {
    return (s, shapes, x) -> {
      var y = new int[x[0].length];
      for (int i = 0; i < y.length; i++) {
        int a = x[0][i];
        int b = x[1][broadcastIndex(shapes.get(0), shapes.get(1), i)];
        y[i] =
            switch (op.kind()) {
              case ADD -> s.plus(a, b);
              case SUBTRACT -> s.minus(a, b);
              case MULTIPLY -> s.times(a, b);
              case DIVIDE -> s.over(a, b);
              case REVERSE_SUBTRACT -> s.minus(b, a);
              case REVERSE_DIVIDE -> s.over(b, a);
            };
      }
      return new int[][] {y};
    };
  }

  /// The element of b that meets element i of a: axes are aligned at the last, and an axis of size
  /// 1 repeats.
  private static int broadcastIndex(Shape a, Shape b, long i) {
    long index = 0;
    long stride = 1;
    for (int axis = 1; axis <= a.rank(); axis++) {
      long at = i % a.size(-axis);
      i /= a.size(-axis);
      if (axis > b.rank()) continue;
      if (b.size(-axis) > 1) index += at * stride;
      stride *= b.size(-axis);
    }
    return Math.toIntExact(index);
  }

  static Definition of(Reduce op) {
    return (s, shapes, x) -> {
      var shape = shapes.getFirst();
      boolean all = op.axis() == Reduce.ALL;
      int middle = Math.toIntExact(all ? shape.count() : shape.size(op.axis()));
      int inner = Math.toIntExact(all ? 1 : shape.inner(op.axis()));
      var y = new int[x[0].length / middle];
      for (int i = 0; i < y.length; i++) {
        int first = i / inner * middle * inner + i % inner;
        int sum = s.sum(IntStream.range(0, middle).map(m -> x[0][first + m * inner]).toArray());
        y[i] = op.kind() == Reduce.Kind.MEAN ? s.divided(sum, middle) : sum;
      }
      return new int[][] {y};
    };
  }
}
