package dev.gatun.bench;

import dev.gatun.laws.Argument;
import dev.gatun.laws.OpSample;
import dev.gatun.op.Attention;
import dev.gatun.op.AttentionBlock;
import dev.gatun.op.HeadLoss;
import dev.gatun.op.Linear;
import dev.gatun.op.MatMul;
import dev.gatun.op.Mlp;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/// FLOPs of the products that the mathematics of a rule has, whatever a kernel computes twice; 0
/// for ops that only move and map.
final class Flops {
  /// By rule: of a product of two matrices that both have gradients.
  private static final int[] PRODUCTS = {1, 2, 2, 4};

  /// Of attention: scores and output; then both, and dV, dP, dQ, dK; and so on. A pullback makes
  /// the scores again, for they are never stored.
  private static final int[] ATTENTION = {2, 5, 5, 12};

  private Flops() {}

  static double of(OpSample sample, Rule rule) {
    var shapes = sample.shapes();
    int products = PRODUCTS[rule.ordinal()];
    return switch (sample.op()) {
      case MatMul _ -> products * matmul(shapes.get(0), shapes.get(1), output(sample));
      case Linear _ -> products * 2.0 * shapes.get(0).rows() * shapes.get(1).count();
      case Mlp _ -> products * 4.0 * shapes.get(0).rows() * shapes.get(2).count();
      case HeadLoss _ -> products * 2.0 * shapes.get(0).rows() * shapes.get(1).count();
      case Attention op -> ATTENTION[rule.ordinal()] * attention(sample, op.causal(), 3);
      case AttentionBlock op ->
          products * 2.0 * shapes.get(0).rows() * (shapes.get(2).count() + shapes.get(3).count())
              + ATTENTION[rule.ordinal()] * attention(sample, op.causal(), 1);
      default -> 0;
    };
  }

  /// Of batch matrices: the sizes' product is the root of that of the three arrays' counts.
  private static double matmul(Shape a, Shape b, Shape c) {
    double batch = a.count() / ((double) a.size(-1) * a.size(-2));
    return 2 * Math.sqrt((double) a.count() * b.count() * c.count() / batch);
  }

  private static Shape output(OpSample sample) {
    return sample.op().shapes(sample.specs(DType.F32)).values().getFirst().shape();
  }

  /// A product of positions with the keys that they see, or of these with values; x is `parts`
  /// times as wide as attention.
  private static double attention(OpSample sample, boolean causal, int parts) {
    var x = sample.shapes().getFirst();
    double pairs = 0;
    for (long length : documents(sample, x)) pairs += (double) length * length;
    return 2 * (causal ? pairs / 2 : pairs) * x.size(2) / parts;
  }

  /// The lengths of what positions see of: sequences, or the pieces of them that documents leave.
  private static List<Long> documents(OpSample sample, Shape x) {
    var cuts = new TreeSet<Long>();
    for (long row = 0; row <= x.size(0); row++) cuts.add(row * x.size(1));
    for (var argument : sample.arguments()) {
      if (argument instanceof Argument.Given bounds) {
        for (int bound : bounds.elements()) cuts.add((long) bound);
      }
    }
    var lengths = new ArrayList<Long>();
    for (long cut : cuts) if (cut != cuts.last()) lengths.add(cuts.higher(cut) - cut);
    return lengths;
  }
}
