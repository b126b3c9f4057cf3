package dev.gatun.train;

import dev.gatun.InvalidArgument;
import dev.gatun.grad.Tape;
import dev.gatun.nn.Gpt;
import dev.gatun.optim.Optimizer;
import dev.gatun.optim.Schedule;
import dev.gatun.optim.Sophia;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.util.Optional;
import java.util.OptionalDouble;

/// What a step of training is, whatever the optimizer moves by it: the gradient of the mean loss
/// over some batches, and then the move.
///
/// @param accumulate batches that make one step; their gradients are averaged
record TrainingStep(Optimizer optimizer, Schedule schedule, Batches batches, int accumulate) {
  TrainingStep {
    if (accumulate < 1) {
      throw new InvalidArgument("accumulate is %d; it must be positive".formatted(accumulate));
    }
  }

  /// Targets it trains on.
  long tokens() {
    return (long) batches.rows() * batches.time() * accumulate;
  }

  /// Adds the gradients of the next step's loss to those of the model, and returns the loss. Waits.
  /// Throws [NotFinite] when the loss is not finite.
  double gradients(Gpt gpt) {
    long step = optimizer.steps();
    double loss = 0;
    for (int micro = 0; micro < accumulate; micro++) {
      loss += gradients(gpt, batches.at(step, micro)) / accumulate;
    }
    if (!Double.isFinite(loss)) throw new NotFinite(step, "the loss", loss);
    return loss;
  }

  private double gradients(Gpt gpt, Batch batch) {
    var shape = Shape.of(batch.rows(), batch.time());
    try (var tape = Tape.open(gpt.device())) {
      var tokens = Tensor.of(tape, shape, batch.inputs());
      var targets = Tensor.of(tape, shape, batch.targets());
      var loss = gpt.loss(tokens, targets);
      tape.backward(loss, 1.0 / accumulate);
      return loss.item();
    }
  }

  /// Moves by the gradients, and reports the step, which began at `start` of the nanosecond clock.
  /// Throws [NotFinite] when the gradient's norm is not finite.
  StepReport move(long start, double loss, Optional<CurvatureReport> curvature) {
    double rate = schedule.at(optimizer.steps());
    optimizer.step(rate);
    return report(start, loss, rate, curvature);
  }

  /// The step that the optimizer did last. Throws [NotFinite] when its loss is not finite, or the
  /// gradient's norm.
  StepReport report(long start, double loss, double rate, Optional<CurvatureReport> curvature) {
    long step = optimizer.steps() - 1;
    if (!Double.isFinite(loss)) throw new NotFinite(step, "the loss", loss);
    var norm = optimizer.gradientNorm();
    if (norm.isPresent() && !Double.isFinite(norm.getAsDouble())) {
      throw new NotFinite(step, "the gradient norm", norm.getAsDouble());
    }
    double seconds = (System.nanoTime() - start) * 1e-9;
    return new StepReport(
        step,
        loss,
        rate,
        norm,
        optimizer.gradientClipped(),
        unclippedShare(),
        curvature,
        tokens(),
        seconds);
  }

  private OptionalDouble unclippedShare() {
    return optimizer instanceof Sophia sophia
        ? OptionalDouble.of(sophia.unclippedShare())
        : OptionalDouble.empty();
  }
}
