package dev.gatun.bench;

import static dev.gatun.laws.Argument.floats;
import static dev.gatun.laws.Argument.given;
import static dev.gatun.laws.Argument.indices;
import static dev.gatun.laws.Argument.wide;

import dev.gatun.laws.Argument;
import dev.gatun.laws.Argument.Range;
import dev.gatun.laws.OpSample;
import dev.gatun.laws.OpSamples;
import dev.gatun.laws.Softplus;
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
import dev.gatun.op.Op;
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

/// Every op at the sizes that it has in a training: `rows` tokens of `cols` channels. There is a
/// row for each op that the laws have samples of, or an exception.
final class KernelRows {
  private static final long HEAD_SIZE = 64;
  private static final double EPS = 1e-5;

  private final List<OpSample> all = new ArrayList<>();
  private final int rows;
  private final int cols;
  private final int vocabulary;

  static List<OpSample> of(int rows, int cols, int vocabulary) {
    return new KernelRows(rows, cols, vocabulary).all;
  }

  private KernelRows(int rows, int cols, int vocabulary) {
    this.rows = rows;
    this.cols = cols;
    this.vocabulary = vocabulary;
    elementwise();
    reductions();
    moves();
    products();
    norms();
    attention();
    blocks();
    losses();
    add(new Softplus(), floats(rows, cols));
    requireAll();
  }

  private void requireAll() {
    var here = all.stream().map(sample -> sample.op().getClass()).toList();
    for (var sample : OpSamples.ALL) {
      if (!here.contains(sample.op().getClass())) {
        throw new BenchFailure("KernelRows has no row for %s", sample.op().name());
      }
    }
  }

  private void add(Op op, Argument... arguments) {
    all.add(new OpSample(op, null, arguments));
  }

  private void elementwise() {
    for (var kind : Unary.Kind.values()) {
      var range = kind == Unary.Kind.LOG ? Range.POSITIVE : Range.ANYWHERE;
      add(new Unary(kind, 0.75), floats(range, rows, cols));
    }
    for (var kind : Binary.Kind.values()) {
      var x = floats(Range.AWAY_FROM_ZERO, rows, cols);
      add(new Binary(kind), x, floats(Range.AWAY_FROM_ZERO, rows, cols));
      add(new Binary(kind), x, floats(Range.AWAY_FROM_ZERO, cols));
    }
  }

  private void reductions() {
    for (var kind : Reduce.Kind.values()) {
      for (int axis : new int[] {0, 1, Reduce.ALL}) add(new Reduce(kind, axis), floats(rows, cols));
    }
  }

  private void moves() {
    add(new Transpose(), floats(rows, cols));
    add(new Reshape(Shape.of((long) rows * cols)), floats(rows, cols));
    add(new Slice(1, cols / 4, cols / 2), floats(rows, cols));
    add(new Concatenate(1), floats(rows, cols), floats(rows, cols));
    add(new Gather(), floats(vocabulary, cols), indices(vocabulary, rows));
    var ids = indices(vocabulary, 4, rows / 4);
    add(new Embedding(vocabulary), floats(vocabulary, cols), floats(rows / 4, cols), ids);
    add(new LayerMix(), floats(12, 6), floats(6, rows, cols / 6));
  }

  private void products() {
    for (boolean left : new boolean[] {false, true}) {
      for (boolean right : new boolean[] {false, true}) {
        var a = left ? floats(cols, rows) : floats(rows, cols);
        add(new MatMul(left, right), a, floats(cols, cols));
      }
    }
    for (var activation : Linear.Activation.values()) {
      var op = new Linear(true, activation);
      add(op, floats(rows, cols), floats(cols, 4L * cols), wide(4L * cols));
    }
  }

  private void norms() {
    add(new LayerNorm(EPS, true), floats(rows, cols), wide(cols), wide(cols));
    var residual = new ResidualLayerNorm(EPS, true);
    add(residual, floats(rows, cols), floats(rows, cols), wide(cols), wide(cols));
  }

  private void attention() {
    var qkv = floats(4, rows / 4, 3L * cols);
    for (boolean causal : new boolean[] {true, false}) add(attention(causal, false), qkv);
    add(attention(true, true), qkv, given(0, rows / 3, rows / 2, rows));
  }

  private Attention attention(boolean causal, boolean documents) {
    return new Attention(heads(), scale(), causal, documents);
  }

  private long heads() {
    return Math.max(1, cols / HEAD_SIZE);
  }

  private double scale() {
    return 1 / Math.sqrt((double) cols / heads());
  }

  /// Weights are small where a softmax follows: of large scores it has but one element, and a
  /// rounding in bf16 decides which.
  private void blocks() {
    all.add(mlp(rows, cols));
    add(
        new AttentionBlock(heads(), scale(), EPS, true, true, false),
        floats(4, rows / 4, cols),
        wide(cols),
        floats(Range.SMALL, cols, 3L * cols),
        floats(Range.SMALL, cols, cols),
        wide(cols),
        wide(3L * cols),
        wide(cols));
  }

  /// The MLP's half of a block, four times as wide inside.
  static OpSample mlp(long rows, long cols) {
    return new OpSample(
        new Mlp(EPS, true),
        null,
        floats(rows, cols),
        wide(cols),
        floats(cols, 4 * cols),
        floats(4 * cols, cols),
        wide(cols),
        wide(4 * cols),
        wide(cols));
  }

  private void losses() {
    add(new SquaredError(), floats(rows, cols), floats(rows, cols));
    var logits = floats(rows, vocabulary);
    add(new SoftmaxCrossEntropy(vocabulary), logits, indices(vocabulary, rows));
    var head = new HeadLoss(vocabulary, 256L << 20);
    var table = floats(Range.SMALL, vocabulary, cols);
    add(head, floats(rows, cols), table, indices(vocabulary, rows));
  }
}
