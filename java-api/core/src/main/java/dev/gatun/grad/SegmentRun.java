package dev.gatun.grad;

import dev.gatun.InvalidArgument;
import dev.gatun.tensor.Tensor;
import java.util.List;
import java.util.function.UnaryOperator;

/// One run of a segment: its results, and the tape, nested in another, that holds them and all that
/// lies before them until it is closed.
record SegmentRun(Tape tape, List<Tensor> results) implements AutoCloseable {
  static SegmentRun of(Tape outer, UnaryOperator<List<Tensor>> segment, List<Tensor> inputs) {
    for (var input : inputs) input.requireUsable("recomputed segment", outer.device());
    var tape = outer.nested();
    try {
      var results = List.copyOf(segment.apply(inputs));
      requireInnermost(tape);
      for (int i = 0; i < results.size(); i++) requireOwn(tape, i, results.get(i));
      return new SegmentRun(tape, results);
    } catch (Throwable refusal) {
      tape.close();
      throw refusal;
    }
  }

  private static void requireInnermost(Tape tape) {
    if (tape.device().innermost() == tape) return;
    throw new InvalidArgument("recomputed segment: a scope that was opened in it is still open");
  }

  private static void requireOwn(Tape tape, int i, Tensor result) {
    result.requireUsable("recomputed segment", tape.device());
    if (result.scope() == tape) return;
    throw new InvalidArgument(
        "recomputed segment: result %d, of shape %s, is not the result of an operation in it"
            .formatted(i, result.shape()));
  }

  @Override
  public void close() {
    tape.close();
  }
}
