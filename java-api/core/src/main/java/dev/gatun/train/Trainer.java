package dev.gatun.train;

import dev.gatun.InvalidArgument;
import dev.gatun.nn.Gpt;
import dev.gatun.optim.Optimizer;
import dev.gatun.optim.Schedule;
import dev.gatun.optim.Sophia;
import java.util.Optional;
import java.util.OptionalDouble;

/// Trains a model step by step. A step is a pure function of the weights, the optimizer's state and
/// its number, so a run that resumes from a checkpoint goes on with the same bits as one that was
/// never interrupted.
public final class Trainer {
  private final Gpt gpt;
  private final Optimizer optimizer;
  private final Schedule schedule;
  private final Batches batches;
  private final int accumulate;
  private final Optional<CurvatureRefresh> refresh;

  /// `accumulate` batches make one step; their gradients are averaged.
  public Trainer(Gpt gpt, Optimizer optimizer, Schedule schedule, Batches batches, int accumulate) {
    this(gpt, optimizer, schedule, batches, accumulate, Optional.empty());
  }

  /// The same with Sophia, whose curvature is refreshed as the steps go.
  public Trainer(
      Gpt gpt, CurvatureRefresh refresh, Schedule schedule, Batches batches, int accumulate) {
    this(gpt, refresh.sophia(), schedule, batches, accumulate, Optional.of(refresh));
  }

  private Trainer(
      Gpt gpt,
      Optimizer optimizer,
      Schedule schedule,
      Batches batches,
      int accumulate,
      Optional<CurvatureRefresh> refresh) {
    if (accumulate < 1) {
      throw new InvalidArgument("accumulate is %d; it must be positive".formatted(accumulate));
    }
    this.gpt = gpt;
    this.optimizer = optimizer;
    this.schedule = schedule;
    this.batches = batches;
    this.accumulate = accumulate;
    this.refresh = refresh;
  }

  public Gpt gpt() {
    return gpt;
  }

  public Optimizer optimizer() {
    return optimizer;
  }

  /// What keeps the curvature fresh; empty where nothing does.
  public Optional<CurvatureRefresh> refresh() {
    return refresh;
  }

  /// Steps done; also the number of the next one.
  public long steps() {
    return optimizer.steps();
  }

  /// Targets a step trains on.
  public long tokensPerStep() {
    return (long) batches.rows() * batches.time() * accumulate;
  }

  /// Those of them that a refresh of the curvature reads.
  public long tokensPerRefresh() {
    return refresh.map(each -> each.windows(batches, accumulate) * batches.time()).orElse(0L);
  }

  /// FLOPs of the first `steps` steps, refreshes of the curvature among them, counted as
  /// [dev.gatun.nn.GptConfig#flopsPerToken] counts.
  public double flops(long steps) {
    double training = steps * tokensPerStep() * gpt.config().flopsPerToken(batches.time());
    return training
        + refresh
            .map(each -> each.count(steps) * each.flops(gpt, tokensPerRefresh(), batches.time()))
            .orElse(0.0);
  }

  /// One optimizer step. Throws [NotFinite] when the loss or the gradient is not finite.
  public StepReport step() {
    long start = System.nanoTime();
    long step = steps();
    var curvature = refresh.flatMap(each -> each.before(step, gpt, batches, accumulate));
    double loss = 0;
    for (int micro = 0; micro < accumulate; micro++) {
      loss += MicroStep.run(gpt, batches.at(step, micro), 1.0 / accumulate) / accumulate;
    }
    if (!Double.isFinite(loss)) throw new NotFinite(step, "the loss", loss);
    double rate = schedule.at(step);
    optimizer.step(rate);
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
        tokensPerStep(),
        seconds);
  }

  private OptionalDouble unclippedShare() {
    return optimizer instanceof Sophia sophia
        ? OptionalDouble.of(sophia.unclippedShare())
        : OptionalDouble.empty();
  }
}
