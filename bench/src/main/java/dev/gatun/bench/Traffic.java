package dev.gatun.bench;

import dev.gatun.op.Binary;
import dev.gatun.op.Concatenate;
import dev.gatun.op.Embedding;
import dev.gatun.op.Gather;
import dev.gatun.op.Op;
import dev.gatun.op.Reduce;
import dev.gatun.op.Reshape;
import dev.gatun.op.Slice;
import dev.gatun.op.Transpose;
import dev.gatun.op.Unary;
import dev.gatun.tensor.Tensor;
import java.util.HashSet;
import java.util.List;

/// Bytes of the arrays that an op has to read or write.
final class Traffic {
  private Traffic() {}

  /// Whether an op is linear in its floating-point arguments together, so that its tangent is made
  /// of their tangents alone, and its pullback of its cotangent alone.
  static boolean isLinear(Op op) {
    return switch (op) {
      case Reduce _, Transpose _, Reshape _, Slice _, Concatenate _, Gather _, Embedding _ -> true;
      case Unary map -> List.of(Unary.Kind.SCALE, Unary.Kind.SHIFT).contains(map.kind());
      case Binary map ->
          List.of(Binary.Kind.ADD, Binary.Kind.SUBTRACT, Binary.Kind.REVERSE_SUBTRACT)
              .contains(map.kind());
      default -> false;
    };
  }

  /// Of each array once.
  @SafeVarargs
  static long bytes(List<Tensor>... arrays) {
    var all = new HashSet<Tensor>();
    for (var some : arrays) all.addAll(some);
    all.remove(null);
    return all.stream().mapToLong(Traffic::bytes).sum();
  }

  /// Of arguments: as many of the first as go into the first output, where only that many are
  /// taken.
  static long taken(Op op, List<Tensor> in, List<Tensor> out) {
    boolean part = op instanceof Gather || op instanceof Embedding || op instanceof Slice;
    if (!part) return bytes(in);
    long first = Math.min(bytes(in.getFirst()), bytes(out.getFirst()));
    return first + bytes(in.subList(1, in.size()));
  }

  /// What the pullback of a linear op reads of what it is told: indices, and the cotangent, which
  /// comes last; of the rest it takes the shape.
  static List<Tensor> ofLinearPullback(List<Tensor> reads) {
    return reads.stream()
        .filter(each -> each == reads.getLast() || !each.dtype().isFloating())
        .toList();
  }

  private static long bytes(Tensor array) {
    return array.shape().count() * array.dtype().bytes();
  }
}
