package dev.gatun.laws;

import dev.gatun.op.Concatenate;
import dev.gatun.op.Slice;
import java.util.stream.IntStream;

/// What the ops mean that move elements, or mix whole layers of them.
final class ShapeDefinitions {
  private ShapeDefinitions() {}

  static Definition reshape() {
    return (_, _, x) -> new int[][] {x[0]};
  }

  static Definition transpose() {
    return (_, shapes, x) -> {
      int rows = Math.toIntExact(shapes.getFirst().size(-2));
      int cols = Math.toIntExact(shapes.getFirst().size(-1));
      var y = new int[x[0].length];
      for (int i = 0; i < y.length; i++) {
        int at = i % (rows * cols);
        y[i - at + at % cols * rows + at / cols] = x[0][i];
      }
      return new int[][] {y};
    };
  }

  static Definition of(Slice op) {
    return (_, shapes, x) -> {
      var shape = shapes.getFirst();
      int inner = Math.toIntExact(shape.inner(op.axis()));
      var kept =
          IntStream.range(0, x[0].length)
              .filter(
                  i -> {
                    long at = i / inner % shape.size(op.axis());
                    return op.start() <= at && at < op.start() + op.count();
                  });
      return new int[][] {kept.map(i -> x[0][i]).toArray()};
    };
  }

  static Definition of(Concatenate op) {
    return (_, shapes, x) -> {
      int outer = Math.toIntExact(shapes.getFirst().outer(op.axis()));
      var y =
          IntStream.range(0, outer)
              .flatMap(
                  o ->
                      IntStream.of(0, 1)
                          .flatMap(
                              k -> {
                                int run = x[k].length / outer;
                                return IntStream.range(o * run, (o + 1) * run).map(i -> x[k][i]);
                              }));
      return new int[][] {y.toArray()};
    };
  }

  static Definition gather() {
    return (_, shapes, x) -> new int[][] {rows(x[0], x[1], shapes.getFirst().cols())};
  }

  static Definition layerMix() {
    return (s, shapes, x) -> {
      int small = Math.toIntExact(shapes.getFirst().size(1));
      int each = x[1].length / small;
      var y = new int[x[0].length / small * each];
      for (int i = 0; i < y.length; i++) {
        int row = i / each * small;
        int at = i % each;
        y[i] =
            s.sum(
                IntStream.range(0, small)
                    .map(j -> s.times(x[0][row + j], x[1][j * each + at]))
                    .toArray());
      }
      return new int[][] {y};
    };
  }

  static Definition embedding() {
    return (s, shapes, x) -> {
      int cols = Math.toIntExact(shapes.getFirst().cols());
      int context = Math.toIntExact(shapes.get(2).size(1));
      var y = rows(x[0], x[2], cols);
      for (int i = 0; i < y.length; i++) {
        y[i] = s.plus(y[i], x[1][i / cols % context * cols + i % cols]);
      }
      return new int[][] {y};
    };
  }

  private static int[] rows(int[] table, int[] indices, long cols) {
    int width = Math.toIntExact(cols);
    return IntStream.of(indices)
        .flatMap(index -> IntStream.range(index * width, (index + 1) * width))
        .map(i -> table[i])
        .toArray();
  }
}
