package dev.gatun.bench;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.gatun.laws.Bf16;
import dev.gatun.op.Embedding;
import dev.gatun.op.Gather;
import dev.gatun.op.Op;
import dev.gatun.op.Slice;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// Bytes that a rule has to read or write, each array once. It writes its results, and has to read
/// what changes them: an array of floating-point numbers counts where their bits become others when
/// it holds other numbers, so that what a rule is told but need not look at counts for nothing.
final class Traffic {
  private Traffic() {}

  static long of(PreparedOp op, Rule rule) {
    long bytes = 0;
    for (var array : op.written(rule)) bytes += bytes(array);
    try (var host = Arena.ofConfined()) {
      op.run(rule);
      var results = copies(host, op.written(rule));
      for (var array : op.readable(rule)) {
        if (isRead(op, rule, array, results)) bytes += taken(op, rule, array);
      }
    }
    op.run(rule); // so that results are those of its arguments again
    return bytes;
  }

  private static boolean isRead(
      PreparedOp op, Rule rule, Tensor array, List<MemorySegment> results) {
    // Other indices might be none, and one number alone keeps its sign.
    if (!array.dtype().isFloating() || array.shape().count() < 2) return true;
    try (var host = Arena.ofConfined()) {
      var was = copy(host, array);
      array.copyFrom(others(host, was, array.dtype()));
      op.run(rule);
      var now = copies(host, op.written(rule));
      array.copyFrom(was);
      for (int i = 0; i < now.size(); i++) {
        if (now.get(i).mismatch(results.get(i)) >= 0) return true;
      }
      return false;
    }
  }

  /// Its halves exchanged, so that signs are others and where they must be positive still are; and
  /// each number twofold or a half, so that sums are others.
  private static MemorySegment others(Arena host, MemorySegment array, DType type) {
    var other = host.allocate(array.byteSize(), Long.BYTES);
    long count = array.byteSize() / type.bytes();
    for (long i = 0; i < count; i++) {
      long from = (i + count / 2) % count;
      double factor = i % 2 == 0 ? 2 : 0.5;
      switch (type) {
        case F64 -> other.setAtIndex(JAVA_DOUBLE, i, array.getAtIndex(JAVA_DOUBLE, from) * factor);
        case BF16 -> {
          double number = Bf16.decode(array.getAtIndex(JAVA_SHORT, from)) * factor;
          int bits = Float.floatToRawIntBits((float) number);
          other.setAtIndex(JAVA_SHORT, i, (short) (bits >>> Short.SIZE));
        }
        default -> {
          double number = array.getAtIndex(JAVA_FLOAT, from) * factor;
          other.setAtIndex(JAVA_FLOAT, i, (float) number);
        }
      }
    }
    return other;
  }

  private static List<MemorySegment> copies(Arena host, List<Tensor> arrays) {
    return arrays.stream().map(each -> copy(host, each)).toList();
  }

  private static MemorySegment copy(Arena host, Tensor array) {
    var copy = host.allocate(bytes(array), Long.BYTES);
    array.copyTo(copy);
    return copy;
  }

  /// Of an array from which a rule takes some rows no more than these.
  private static long taken(PreparedOp op, Rule rule, Tensor array) {
    boolean takesRows = rule == Rule.FORWARD || rule == Rule.TANGENT;
    if (!takesRows || !takesAPart(op.op())) return bytes(array);
    return Math.min(bytes(array), bytes(op.written(rule).getFirst()));
  }

  private static boolean takesAPart(Op op) {
    return op instanceof Gather || op instanceof Embedding || op instanceof Slice;
  }

  private static long bytes(Tensor array) {
    return array.shape().count() * array.dtype().bytes();
  }
}
