package dev.gatun.grad;

import dev.gatun.InvalidArgument;
import dev.gatun.tensor.Tensor;
import java.util.List;
import java.util.function.UnaryOperator;

/// A segment that ran, of which only what went in and what came out is there.
record SegmentNode(UnaryOperator<List<Tensor>> segment, List<Tensor> inputs, List<Tensor> values)
    implements Node {

  /// Runs it once more, on a tape nested in `tape`.
  SegmentRun again(Tape tape) {
    var run = SegmentRun.of(tape, segment, inputs);
    try {
      requireSame(run.results());
      return run;
    } catch (Throwable refusal) {
      run.close();
      throw refusal;
    }
  }

  private void requireSame(List<Tensor> results) {
    if (results.size() != values.size()) {
      throw new InvalidArgument(
          "recomputed segment: it has %d results now and had %d before"
              .formatted(results.size(), values.size()));
    }
    for (int i = 0; i < results.size(); i++) requireSame(i, values.get(i), results.get(i));
  }

  private static void requireSame(int i, Tensor before, Tensor now) {
    if (now.shape().equals(before.shape()) && now.dtype() == before.dtype()) return;
    throw new InvalidArgument(
        "recomputed segment: result %d is %s %s now and was %s %s before"
            .formatted(i, now.shape(), now.dtype(), before.shape(), before.dtype()));
  }
}
