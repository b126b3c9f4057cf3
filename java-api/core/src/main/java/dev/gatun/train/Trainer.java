package dev.gatun.train;

import dev.gatun.memory.Recording;
import dev.gatun.nn.Gpt;
import dev.gatun.optim.Optimizer;
import dev.gatun.optim.Schedule;
import java.util.Optional;

/// Trains a model step by step. A step is a pure function of the weights, the optimizer's state and
/// its number, so a run that resumes from a checkpoint goes on with the same bits as one that was
/// never interrupted.
///
/// Steps are replays of one recording, and refreshes of the curvature of another, which hold memory
/// of their own until the trainer is closed, or its device.
public final class Trainer implements AutoCloseable {
  private final Gpt gpt;
  private final TrainingStep step;
  private final RecordedStep recorded;
  private final Optional<CurvatureRefresh> refresh;
  private final Optional<RecordedRefresh> recordedRefresh;

  /// `accumulate` batches make one step; their gradients are averaged.
  public Trainer(Gpt gpt, Optimizer optimizer, Schedule schedule, Batches batches, int accumulate) {
    this(gpt, new TrainingStep(optimizer, schedule, batches, accumulate), Optional.empty());
  }

  /// The same with Sophia, whose curvature is refreshed as the steps go.
  public Trainer(
      Gpt gpt, CurvatureRefresh refresh, Schedule schedule, Batches batches, int accumulate) {
    this(
        gpt,
        new TrainingStep(refresh.sophia(), schedule, batches, accumulate),
        Optional.of(refresh));
  }

  private Trainer(Gpt gpt, TrainingStep step, Optional<CurvatureRefresh> refresh) {
    this.gpt = gpt;
    this.step = step;
    recorded = new RecordedStep(gpt, step);
    this.refresh = refresh;
    recordedRefresh =
        refresh.map(each -> new RecordedRefresh(gpt, each, step.batches(), step.accumulate()));
  }

  public Gpt gpt() {
    return gpt;
  }

  public Optimizer optimizer() {
    return step.optimizer();
  }

  /// What keeps the curvature fresh; empty where nothing does.
  public Optional<CurvatureRefresh> refresh() {
    return refresh;
  }

  /// Steps done; also the number of the next one.
  public long steps() {
    return step.optimizer().steps();
  }

  /// Its step, recorded: what replaying it takes. Made where there is none yet.
  public Recording recording() {
    return recorded.recording();
  }

  /// Targets a step trains on.
  public long tokensPerStep() {
    return step.tokens();
  }

  /// As many as a refresh of the curvature reads.
  public long tokensPerRefresh() {
    return refresh.map(each -> each.windows(step.batches(), step.accumulate()) * time()).orElse(0L);
  }

  /// FLOPs of the first `steps` steps, refreshes of the curvature among them, counted as
  /// [dev.gatun.nn.GptConfig#flopsPerToken] counts.
  public double flops(long steps) {
    double training = steps * tokensPerStep() * gpt.config().flopsPerToken(time());
    return training
        + refresh
            .map(each -> each.plan().count(steps) * each.flops(gpt, tokensPerRefresh(), time()))
            .orElse(0.0);
  }

  /// One optimizer step. Throws [NotFinite] when the loss or the gradient was not finite; the
  /// weights have moved by it then.
  public StepReport step() {
    long start = System.nanoTime();
    long number = steps();
    double rate = step.schedule().at(number);
    var before = refresh(CurvatureRefresh.Order.BEFORE, number);
    double loss = recorded.run(rate);
    var curvature = before.or(() -> refresh(CurvatureRefresh.Order.AFTER, number));
    return step.report(start, loss, rate, curvature);
  }

  private Optional<CurvatureReport> refresh(CurvatureRefresh.Order place, long number) {
    return recordedRefresh.flatMap(each -> each.at(place, number));
  }

  /// Gives back the memory of its recording.
  @Override
  public void close() {
    recordedRefresh.ifPresent(RecordedRefresh::close);
    recorded.close();
  }

  private int time() {
    return step.batches().time();
  }
}
