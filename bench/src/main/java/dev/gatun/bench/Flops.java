package dev.gatun.bench;

import dev.gatun.laws.OpSample;
import dev.gatun.op.Attention;
import dev.gatun.op.AttentionBlock;
import dev.gatun.op.HeadLoss;
import dev.gatun.op.Linear;
import dev.gatun.op.MatMul;
import dev.gatun.op.Mlp;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;

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
      case Attention op -> attention(op.causal(), op.documents(), shapes.get(0), 3, rule);
      case AttentionBlock op ->
          products * 2.0 * shapes.get(0).rows() * (shapes.get(2).count() + shapes.get(3).count())
              + attention(op.causal(), op.documents(), shapes.get(0), 1, rule);
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

  /// Documents cut it shorter than can be said without their bounds, so it counts as whole.
  private static double attention(
      boolean causal, boolean documents, Shape x, int parts, Rule rule) {
    double batch = x.size(0);
    double context = x.size(1);
    double width = (double) x.size(2) / parts;
    double whole = 2 * batch * context * context * width * ATTENTION[rule.ordinal()];
    return causal && !documents ? whole / 2 : whole;
  }
}
