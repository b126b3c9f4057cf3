package dev.gatun.op;

import dev.gatun.ShapeMismatch;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import java.util.List;

/// Checks at the door of an op; the sentences name the op and the shapes it was given.
final class Require {
  private Require() {}

  static void that(boolean holds, Op op, String problem, Object... parts) {
    if (!holds) throw new ShapeMismatch(op.name() + ": " + problem.formatted(parts));
  }

  static void count(Op op, List<Spec> inputs, int count) {
    that(inputs.size() == count, op, "takes %d tensors, got %d", count, inputs.size());
  }

  /// Inputs that must be floating-point, of one type.
  static void oneType(Op op, List<Spec> inputs, int... which) {
    var first = inputs.get(which[0]).dtype();
    that(first.isFloating(), op, "argument %d is %s, not floating-point", which[0], first);
    for (int i : which) {
      that(
          inputs.get(i).dtype() == first,
          op,
          "argument %d is %s but argument %d is %s",
          which[0],
          first,
          i,
          inputs.get(i).dtype());
    }
  }

  static void indices(Op op, List<Spec> inputs, int which) {
    that(
        inputs.get(which).dtype() == DType.I32,
        op,
        "argument %d holds indices and must be I32, not %s",
        which,
        inputs.get(which).dtype());
  }

  static void rank(Op op, List<Spec> inputs, int which, int rank) {
    that(
        inputs.get(which).shape().rank() == rank,
        op,
        "argument %d has shape %s; it must have %d axes",
        which,
        inputs.get(which).shape(),
        rank);
  }

  static void axis(Op op, Shape shape, int axis) {
    int rank = shape.rank();
    that(-rank <= axis && axis < rank, op, "%s has no axis %d", shape, axis);
  }

  static void same(Op op, Spec a, Spec b) {
    that(a.shape().equals(b.shape()), op, "shapes %s and %s differ", a.shape(), b.shape());
  }
}
