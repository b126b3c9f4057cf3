package dev.gatun.laws;

import dev.gatun.op.Attention;
import dev.gatun.op.AttentionBlock;
import dev.gatun.op.LayerNorm;
import dev.gatun.op.Linear;
import dev.gatun.op.MatMul;
import dev.gatun.op.Mlp;
import dev.gatun.op.ResidualLayerNorm;
import dev.gatun.tensor.Shape;
import java.util.List;
import java.util.stream.IntStream;

/// What products, norms and attention mean.
final class TransformerDefinitions {
  private TransformerDefinitions() {}

  static Definition of(MatMul op) {
    return (s, shapes, x) -> {
      Shape a = shapes.get(0);
      Shape b = shapes.get(1);
      int rows = Math.toIntExact(a.size(op.transposeA() ? -1 : -2));
      int inner = Math.toIntExact(a.size(op.transposeA() ? -2 : -1));
      int cols = Math.toIntExact(b.size(op.transposeB() ? -2 : -1));
      var c = new int[Math.toIntExact(a.outer(-2)) * rows * cols];
      for (int i = 0; i < c.length; i++) {
        int batch = i / (rows * cols);
        int row = i / cols % rows;
        int col = i % cols;
        var products = new int[inner];
        for (int k = 0; k < inner; k++) {
          int inA = op.transposeA() ? k * rows + row : row * inner + k;
          int inB = op.transposeB() ? col * inner + k : k * cols + col;
          products[k] = s.times(x[0][batch * rows * inner + inA], x[1][batch * inner * cols + inB]);
        }
        c[i] = s.sum(products);
      }
      return new int[][] {c};
    };
  }

  static Definition of(Linear op) {
    return (s, shapes, x) -> {
      int in = Math.toIntExact(shapes.get(1).size(0));
      int out = Math.toIntExact(shapes.get(1).size(1));
      var y = new int[x[0].length / in * out];
      for (int i = 0; i < y.length; i++) {
        int row = i / out;
        int col = i % out;
        int sum =
            s.sum(
                IntStream.range(0, in)
                    .map(k -> s.times(x[0][row * in + k], x[1][k * out + col]))
                    .toArray());
        int pre = op.bias() ? s.plus(sum, x[2][col]) : sum;
        y[i] =
            op.activation() == Linear.Activation.GELU
                ? ElementwiseDefinitions.gelu(s, s.stored(pre))
                : pre;
      }
      return new int[][] {y};
    };
  }

  static Definition of(LayerNorm op) {
    return (s, shapes, x) ->
        new int[][] {
          norm(s, x[0], x[1], op.bias() ? x[2] : null, shapes.getFirst().cols(), op.eps())
        };
  }

  static Definition of(ResidualLayerNorm op) {
    return (s, shapes, x) -> {
      var sum = IntStream.range(0, x[0].length).map(i -> s.plus(x[0][i], x[1][i])).toArray();
      var bias = op.bias() ? x[3] : null;
      return new int[][] {
        sum, norm(s, s.stored(sum), x[2], bias, shapes.getFirst().cols(), op.eps())
      };
    };
  }

  private static int[] norm(Scalars s, int[] x, int[] weight, int[] bias, long width, double eps) {
    int cols = Math.toIntExact(width);
    var y = new int[x.length];
    for (int row = 0; row < x.length; row += cols) {
      var elements = IntStream.range(row, row + cols).map(i -> x[i]).toArray();
      int mean = s.divided(s.sum(elements), cols);
      var centred = IntStream.of(elements).map(element -> s.minus(element, mean)).toArray();
      var squares = IntStream.of(centred).map(element -> s.times(element, element)).toArray();
      int deviation = s.sqrt(s.shifted(s.divided(s.sum(squares), cols), eps));
      for (int i = 0; i < cols; i++) {
        int scaled = s.times(s.over(centred[i], deviation), weight[i]);
        y[row + i] = bias == null ? scaled : s.plus(scaled, bias[i]);
      }
    }
    return y;
  }

  /// What is computed between its parts is stored between them too.
  static Definition of(Mlp op) {
    return (s, shapes, x) -> {
      var cols = shapes.getFirst().cols();
      var hidden = shapes.getFirst().with(-1, shapes.get(2).size(1));
      var normed = s.stored(norm(s, x[0], x[1], op.bias() ? x[4] : null, cols, op.eps()));
      var activated =
          product(Linear.Activation.GELU, s, shapes, shapes.getFirst(), normed, x, op.bias(), 2);
      var product =
          product(Linear.Activation.NONE, s, shapes, hidden, s.stored(activated), x, op.bias(), 3);
      return new int[][] {residual(s, x[0], s.stored(product))};
    };
  }

  static Definition of(AttentionBlock op) {
    return (s, shapes, x) -> {
      var shape = shapes.getFirst();
      var normed = s.stored(norm(s, x[0], x[1], op.bias() ? x[4] : null, shape.cols(), op.eps()));
      var qkv =
          s.stored(product(Linear.Activation.NONE, s, shapes, shape, normed, x, op.bias(), 2));
      var attention = new Attention(op.heads(), op.scale(), op.causal(), op.documents());
      var packed = List.of(shape.with(-1, 3 * shape.cols()));
      var inputs = op.documents() ? new int[][] {qkv, x[x.length - 1]} : new int[][] {qkv};
      var mixed = s.stored(of(attention).of(s, packed, inputs)[0]);
      var product = product(Linear.Activation.NONE, s, shapes, shape, mixed, x, op.bias(), 3);
      return new int[][] {residual(s, x[0], s.stored(product))};
    };
  }

  /// With the weight that is argument `weight` of a block; its bias is three places behind.
  private static int[] product(
      Linear.Activation activation,
      Scalars s,
      List<Shape> shapes,
      Shape shape,
      int[] of,
      int[][] x,
      boolean bias,
      int weight) {
    var linear = new Linear(bias, activation);
    var inputs = bias ? new int[][] {of, x[weight], x[weight + 3]} : new int[][] {of, x[weight]};
    return of(linear).of(s, List.of(shape, shapes.get(weight)), inputs)[0];
  }

  private static int[] residual(Scalars s, int[] x, int[] addition) {
    return IntStream.range(0, x.length).map(i -> s.plus(x[i], addition[i])).toArray();
  }

  /// Where the document of a position starts and ends among all positions. Without bounds
  /// each sequence is one.
  private static int[] document(int[][] x, int position, int context) {
    int sequence = position / context * context;
    int[] found = {sequence, sequence + context};
    for (int d = 0; x.length > 1 && d + 1 < x[1].length; d++) {
      if (x[1][d] > position || x[1][d + 1] <= position) continue;
      found[0] = Math.max(found[0], x[1][d]);
      found[1] = Math.min(found[1], x[1][d + 1]);
    }
    return found;
  }

  /// The packed argument is (B, T, 3 * H * D).
  static Definition of(Attention op) {
    return (s, shapes, x) -> {
      int context = Math.toIntExact(shapes.getFirst().size(1));
      int heads = Math.toIntExact(op.heads());
      int size = Math.toIntExact(shapes.getFirst().cols()) / 3 / heads;
      int width = heads * size;
      var y = new int[x[0].length / 3];
      for (int row = 0; row < y.length / size; row++) {
        int at = row / heads;
        int head = row % heads * size;
        var document = document(x, at, context);
        int seen = (op.causal() ? at + 1 : document[1]) - document[0];
        int first = document[0] * 3 * width + head;
        int query = at * 3 * width + head;
        var scores = new int[seen];
        for (int u = 0; u < seen; u++) {
          int key = first + (u * 3 + 1) * width;
          var products =
              IntStream.range(0, size).map(d -> s.times(x[0][query + d], x[0][key + d])).toArray();
          scores[u] = s.scaled(s.sum(products), op.scale());
        }
        var weights = LossDefinitions.exponentials(s, scores);
        int total = s.sum(weights);
        for (int d = 0; d < size; d++) {
          var mixed = new int[seen];
          for (int u = 0; u < seen; u++) {
            mixed[u] = s.times(weights[u], x[0][first + (u * 3 + 2) * width + d]);
          }
          y[row * size + d] = s.over(s.sum(mixed), total);
        }
      }
      return new int[][] {y};
    };
  }
}
