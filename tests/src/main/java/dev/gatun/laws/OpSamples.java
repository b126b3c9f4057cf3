package dev.gatun.laws;

import static dev.gatun.laws.Argument.Range.AWAY_FROM_ZERO;
import static dev.gatun.laws.Argument.Range.POSITIVE;
import static dev.gatun.laws.Argument.floats;
import static dev.gatun.laws.Argument.given;
import static dev.gatun.laws.Argument.ignorableIndices;
import static dev.gatun.laws.Argument.indices;
import static dev.gatun.laws.Argument.wide;

import dev.gatun.op.Attention;
import dev.gatun.op.AttentionBlock;
import dev.gatun.op.Binary;
import dev.gatun.op.Concatenate;
import dev.gatun.op.Embedding;
import dev.gatun.op.Gather;
import dev.gatun.op.HeadLoss;
import dev.gatun.op.LayerMix;
import dev.gatun.op.LayerNorm;
import dev.gatun.op.Linear;
import dev.gatun.op.MatMul;
import dev.gatun.op.Mlp;
import dev.gatun.op.Reduce;
import dev.gatun.op.Reshape;
import dev.gatun.op.ResidualLayerNorm;
import dev.gatun.op.Slice;
import dev.gatun.op.SoftmaxCrossEntropy;
import dev.gatun.op.SquaredError;
import dev.gatun.op.Transpose;
import dev.gatun.op.Unary;
import dev.gatun.tensor.Shape;
import java.util.ArrayList;
import java.util.List;

/// A row of samples for every op, at sizes that hurt: 1, odd, no multiple of a vector or of a
/// block, and one larger.
public final class OpSamples {
  private static final boolean[] BOTH = {false, true};

  public static final List<OpSample> ALL = new OpSamples().all;

  private final List<OpSample> all = new ArrayList<>();

  private OpSamples() {
    unary();
    binary();
    reduce();
    moves();
    matMul();
    layerMix();
    linear();
    norms();
    attention();
    blocks();
    losses();
    for (long n : new long[] {1, 7, 129}) {
      add(new OpSample(new Softplus(), Softplus.definition(), floats(n)));
    }
  }

  private void add(OpSample sample) {
    all.add(sample);
  }

  private void unary() {
    for (var kind : Unary.Kind.values()) {
      var op = new Unary(kind, 0.75);
      var range =
          switch (kind) {
            case LOG -> POSITIVE;
            case RELU -> AWAY_FROM_ZERO;
            default -> Argument.Range.ANYWHERE;
          };
      for (var shape : new long[][] {{}, {1}, {3, 5}, {17}, {65, 129}}) {
        add(new OpSample(op, ElementwiseDefinitions.of(op), floats(range, shape)));
      }
    }
  }

  private void binary() {
    var broadcasts =
        new long[][][] {
          {{1}, {1}}, // equal shapes
          {{7, 17}, {7, 17}},
          {{65, 129}, {65, 129}},
          {{5, 3, 7}, {3, 7}}, // rows
          {{129, 65}, {65}},
          {{3, 5, 7}, {3, 1, 1}}, // a column
          {{65, 17}, {65, 1}},
          {{3, 5, 7}, {5, 1}}, // an axis in the middle
          {{17, 5}, {}}, // a scalar
          {{3, 5}, {1, 1}},
        };
    for (var kind : Binary.Kind.values()) {
      for (var shapes : broadcasts) {
        var op = new Binary(kind);
        var definition = ElementwiseDefinitions.of(op);
        var a = kind == Binary.Kind.REVERSE_DIVIDE ? AWAY_FROM_ZERO : Argument.Range.ANYWHERE;
        var b = kind == Binary.Kind.DIVIDE ? AWAY_FROM_ZERO : Argument.Range.ANYWHERE;
        add(new OpSample(op, definition, floats(a, shapes[0]), floats(b, shapes[1])));
      }
    }
  }

  private void reduce() {
    for (var kind : Reduce.Kind.values()) {
      for (int axis : new int[] {0, 1, 2, -1, Reduce.ALL}) {
        for (var shape : new long[][] {{1, 1, 1}, {3, 5, 7}, {17, 65, 3}, {2, 3, 129}}) {
          var op = new Reduce(kind, axis);
          add(new OpSample(op, ElementwiseDefinitions.of(op), floats(shape)));
        }
      }
      var all = new Reduce(kind, Reduce.ALL);
      add(new OpSample(all, ElementwiseDefinitions.of(all), floats()));
      add(new OpSample(all, ElementwiseDefinitions.of(all), floats(65, 129)));
    }
  }

  private void moves() {
    for (var shape : new long[][] {{1, 1}, {5, 7}, {3, 17, 5}, {65, 129}, {2, 1, 9}}) {
      add(new OpSample(new Transpose(), ShapeDefinitions.transpose(), floats(shape)));
      var op = new Reshape(Shape.of(Shape.of(shape).count()));
      add(new OpSample(op, ShapeDefinitions.reshape(), floats(shape)));
    }
    slice(0, 1, 3, 5, 7);
    slice(1, 0, 2, 5, 7);
    slice(-1, 6, 1, 5, 7);
    slice(1, 2, 3, 3, 5, 7);
    slice(0, 0, 17, 17);
    slice(1, 64, 65, 65, 129);
    concatenate(0, new long[] {1}, new long[] {1});
    concatenate(0, new long[] {3, 5}, new long[] {4, 5});
    concatenate(-1, new long[] {5, 7}, new long[] {5, 1});
    concatenate(1, new long[] {3, 2, 7}, new long[] {3, 5, 7});
    concatenate(1, new long[] {17, 65}, new long[] {17, 129});
    for (var sizes :
        new int[][] {{1, 1, 1}, {3, 17, 5}, {7, 5, 1}, {65, 129, 17}, {2, 129, 3}, {5, 2100, 1}}) {
      var table = floats(sizes[0], sizes[2]);
      add(
          new OpSample(
              new Gather(), ShapeDefinitions.gather(), table, indices(sizes[0], sizes[1])));
    }
    add(new OpSample(new Gather(), ShapeDefinitions.gather(), floats(5, 3), indices(5, 2, 7)));
    embedding(1, 1, 1, 1, 1, 1);
    embedding(5, 8, 3, 7, 7, 3);
    embedding(3, 3, 2, 5, 9, 17);
    embedding(33, 128, 2, 65, 65, 5);
  }

  private void slice(int axis, long start, long count, long... shape) {
    var op = new Slice(axis, start, count);
    add(new OpSample(op, ShapeDefinitions.of(op), floats(shape)));
  }

  private void concatenate(int axis, long[] a, long[] b) {
    var op = new Concatenate(axis);
    add(new OpSample(op, ShapeDefinitions.of(op), floats(a), floats(b)));
  }

  private void embedding(
      int vocabulary, int rows, int batch, int context, int positions, int cols) {
    add(
        new OpSample(
            new Embedding(vocabulary),
            ShapeDefinitions.embedding(),
            floats(rows, cols),
            floats(positions, cols),
            indices(vocabulary, batch, context)));
  }

  private void matMul() {
    var sizes =
        new long[][] {
          {1, 1, 1, 1},
          {1, 3, 5, 7},
          {5, 7, 1, 3},
          {3, 5, 17, 1},
          {1, 65, 17, 129},
          {2, 33, 40, 34},
          {1, 7, 8, 300}
        };
    for (var s : sizes) {
      for (boolean transposeA : BOTH) {
        for (boolean transposeB : BOTH) {
          var op = new MatMul(transposeA, transposeB);
          var a = transposeA ? floats(s[0], s[3], s[1]) : floats(s[0], s[1], s[3]);
          var b = transposeB ? floats(s[0], s[2], s[3]) : floats(s[0], s[3], s[2]);
          add(new OpSample(op, TransformerDefinitions.of(op), a, b));
        }
      }
    }
    var plain = new MatMul();
    add(new OpSample(plain, TransformerDefinitions.of(plain), floats(7, 5), floats(5, 3)));
  }

  /// Layers of one row and of more; more of them than a thread holds.
  private void layerMix() {
    for (var s :
        new int[][] {{1, 1, 1, 1}, {3, 2, 1, 7}, {2, 3, 5, 1}, {5, 1, 2, 65}, {19, 17, 1, 9}}) {
      var x = floats(s[1] * s[2], s[3]);
      add(new OpSample(new LayerMix(), ShapeDefinitions.layerMix(), floats(s[0], s[1]), x));
    }
    add(new OpSample(new LayerMix(), ShapeDefinitions.layerMix(), floats(4, 3), floats(129)));
    add(new OpSample(new LayerMix(), ShapeDefinitions.layerMix(), floats(3, 5), floats(5, 3, 43)));
  }

  private void linear() {
    for (var s :
        new long[][] {{1, 1, 1}, {3, 5, 7}, {17, 7, 5}, {65, 33, 40}, {5, 129, 3}, {300, 4, 8}}) {
      for (boolean bias : BOTH) {
        for (var activation : Linear.Activation.values()) {
          var op = new Linear(bias, activation);
          var arguments = new ArrayList<>(List.of(floats(s[0], s[1]), floats(s[1], s[2])));
          if (bias) arguments.add(wide(s[2]));
          add(new OpSample(op, arguments, TransformerDefinitions.of(op)));
        }
      }
    }
    var op = new Linear(true);
    add(new OpSample(op, TransformerDefinitions.of(op), floats(2, 3, 5), floats(5, 4), wide(4)));
  }

  private void norms() {
    for (var x :
        new long[][] {
          {1, 1},
          {3, 5},
          {17, 7},
          {2, 3, 17},
          {5, 129},
          {65, 33},
          {17, 132},
          {3, 520},
          {2, 1032},
          {2, 4999}
        }) {
      long cols = x[x.length - 1];
      for (boolean bias : BOTH) {
        var norm = new LayerNorm(1e-5, bias);
        var arguments = new ArrayList<>(List.of(floats(x), wide(cols)));
        if (bias) arguments.add(wide(cols));
        add(new OpSample(norm, arguments, TransformerDefinitions.of(norm)));
        var residual = new ResidualLayerNorm(1e-5, bias);
        arguments.addFirst(floats(x));
        add(new OpSample(residual, arguments, TransformerDefinitions.of(residual)));
      }
    }
  }

  private void attention() {
    for (boolean causal : BOTH) {
      attention(causal, 1, 1, 1, 1);
      attention(causal, 2, 3, 1, 5);
      attention(causal, 1, 7, 3, 3);
      attention(causal, 2, 17, 2, 8);
      attention(causal, 1, 65, 1, 20);
      attention(causal, 1, 129, 1, 4);
      documents(causal, 1, 1, 1, 1, 0, 1);
      documents(causal, 1, 7, 3, 3, 0, 3, 3, 4, 7);
      documents(causal, 2, 5, 2, 5, 0, 0, 7, 10);
      documents(causal, 1, 65, 1, 20, 0, 64, 65);
      documents(causal, 1, 131, 1, 4, 0, 1, 64, 66, 131);
      documents(causal, 3, 67, 1, 3, 0, 63, 63, 140, 195, 201);
    }
  }

  private void attention(boolean causal, long batch, long context, long heads, long size) {
    var op = new Attention(heads, 0.7 / Math.sqrt(size), causal);
    var definition = TransformerDefinitions.of(op);
    add(new OpSample(op, definition, floats(batch, context, 3 * heads * size)));
  }

  private void documents(
      boolean causal, long batch, long context, long heads, long size, Integer... bounds) {
    var op = new Attention(heads, 0.7 / Math.sqrt(size), causal, true);
    var qkv = floats(batch, context, 3 * heads * size);
    add(new OpSample(op, TransformerDefinitions.of(op), qkv, given(bounds)));
  }

  private void blocks() {
    for (boolean bias : BOTH) {
      mlp(bias, 1, 1, 1);
      mlp(bias, 3, 5, 7);
      mlp(bias, 17, 8, 33);
      attentionBlock(bias, true, 1, 1, 1, 2);
      attentionBlock(bias, false, 2, 3, 1, 5);
      attentionBlock(bias, true, 1, 17, 3, 4);
    }
    attentionBlock(false, true, 1, 7, 2, 3, 0, 2, 3, 7);
    attentionBlock(true, false, 2, 35, 1, 4, 0, 1, 40, 70);
  }

  private void mlp(boolean bias, long rows, long cols, long hidden) {
    var op = new Mlp(1e-2, bias);
    var arguments = new ArrayList<>(List.of(floats(rows, cols), wide(cols), floats(cols, hidden)));
    arguments.add(floats(hidden, cols));
    if (bias) arguments.addAll(List.of(wide(cols), wide(hidden), wide(cols)));
    add(new OpSample(op, arguments, TransformerDefinitions.of(op)));
  }

  private void attentionBlock(
      boolean bias, boolean causal, long batch, long context, long heads, long size, Integer... d) {
    long cols = heads * size;
    var op = new AttentionBlock(heads, 0.7 / Math.sqrt(size), 1e-2, bias, causal, d.length > 0);
    var arguments =
        new ArrayList<>(List.of(floats(batch, context, cols), wide(cols), floats(cols, 3 * cols)));
    arguments.add(floats(cols, cols));
    if (bias) arguments.addAll(List.of(wide(cols), wide(3 * cols), wide(cols)));
    if (d.length > 0) arguments.add(given(d));
    add(new OpSample(op, arguments, TransformerDefinitions.of(op)));
  }

  private void losses() {
    for (var shape : new long[][] {{}, {1}, {5, 7}, {65, 129}}) {
      var definition = LossDefinitions.squaredError();
      add(new OpSample(new SquaredError(), definition, floats(shape), floats(shape)));
    }
    for (var s :
        new int[][] {
          {1, 1, 1}, {1, 5, 5}, {7, 17, 17}, {7, 5, 8}, {33, 65, 128}, {2, 2603, 2608}
        }) {
      var op = new SoftmaxCrossEntropy(s[1]);
      var logits = floats(s[0], s[2]);
      add(new OpSample(op, LossDefinitions.of(op), logits, indices(s[1], s[0])));
      add(new OpSample(op, LossDefinitions.of(op), logits, ignorableIndices(s[1], s[0])));
    }
    for (long budget : new long[] {0, 256L << 20}) {
      head(budget, 1, 1, 1, 1);
      head(budget, 7, 5, 17, 17);
      head(budget, 17, 3, 5, 8);
      head(budget, 33, 7, 65, 128);
    }
    head(0, 2049, 3, 5, 8);
  }

  private void head(long budget, int rows, int cols, int vocabulary, int stride) {
    var op = new HeadLoss(vocabulary, budget);
    var targets = ignorableIndices(vocabulary, rows);
    add(
        new OpSample(
            op, LossDefinitions.of(op), floats(rows, cols), floats(stride, cols), targets));
  }
}
