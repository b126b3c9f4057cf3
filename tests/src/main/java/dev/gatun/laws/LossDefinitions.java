package dev.gatun.laws;

import dev.gatun.op.HeadLoss;
import dev.gatun.op.SoftmaxCrossEntropy;
import java.util.ArrayList;
import java.util.stream.IntStream;

/// What the losses mean.
final class LossDefinitions {
  private LossDefinitions() {}

  static Definition squaredError() {
    return (s, _, x) -> {
      var squares =
          IntStream.range(0, x[0].length)
              .map(i -> s.minus(x[0][i], x[1][i]))
              .map(difference -> s.times(difference, difference))
              .toArray();
      return new int[][] {{s.divided(s.sum(squares), squares.length)}};
    };
  }

  static Definition of(SoftmaxCrossEntropy op) {
    return (s, shapes, x) ->
        loss(s, x[0], x[1], shapes.getFirst().cols(), Math.toIntExact(op.vocabulary()));
  }

  static Definition of(HeadLoss op) {
    return (s, shapes, x) -> {
      int cols = Math.toIntExact(shapes.get(1).size(1));
      int vocabulary = Math.toIntExact(op.vocabulary());
      var logits = new int[x[0].length / cols * vocabulary];
      for (int i = 0; i < logits.length; i++) {
        int row = i / vocabulary * cols;
        int entry = i % vocabulary * cols;
        logits[i] =
            s.sum(
                IntStream.range(0, cols)
                    .map(c -> s.times(x[0][row + c], x[1][entry + c]))
                    .toArray());
      }
      return loss(s, s.stored(logits), x[2], vocabulary, vocabulary);
    };
  }

  private static int[][] loss(Scalars s, int[] logits, int[] targets, long stride, int vocabulary) {
    var losses = new ArrayList<Integer>();
    for (int row = 0; row < targets.length; row++) {
      if (targets[row] < 0) continue;
      int first = Math.toIntExact(row * stride);
      var mine = IntStream.range(first, first + vocabulary).map(i -> logits[i]).toArray();
      int shifted = s.minus(mine[targets[row]], s.constant(largest(s, mine)));
      losses.add(s.minus(s.log(s.sum(exponentials(s, mine))), shifted));
    }
    if (losses.isEmpty()) return new int[][] {{s.constant(0)}};
    int sum = s.sum(losses.stream().mapToInt(Integer::intValue).toArray());
    return new int[][] {{s.divided(sum, losses.size())}};
  }

  /// e to the power of each, less the largest of them, which counts as a constant.
  static int[] exponentials(Scalars s, int[] x) {
    double largest = largest(s, x);
    return IntStream.of(x).map(element -> s.exp(s.shifted(element, -largest))).toArray();
  }

  private static double largest(Scalars s, int[] x) {
    return IntStream.of(x).mapToDouble(s::value).max().orElseThrow();
  }
}
