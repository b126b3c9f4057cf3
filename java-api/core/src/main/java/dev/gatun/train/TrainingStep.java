package dev.gatun.train;

import dev.gatun.InvalidArgument;
import dev.gatun.optim.Optimizer;
import dev.gatun.optim.Schedule;
import dev.gatun.optim.Sophia;
import java.util.Optional;
import java.util.OptionalDouble;

/// What a step of training is made of, whatever the optimizer moves by it, and what is told of one
/// that is done.
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
