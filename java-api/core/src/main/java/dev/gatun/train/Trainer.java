package dev.gatun.train;

import dev.gatun.InvalidArgument;
import dev.gatun.grad.Tape;
import dev.gatun.nn.Gpt;
import dev.gatun.optim.Optimizer;
import dev.gatun.optim.Schedule;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;

/// Trains a model step by step. A step is a pure function of the weights, the optimizer's state and
/// its number, so a run that resumes from a checkpoint goes on with the same bits as one that was
/// never interrupted.
public final class Trainer {
  private final Gpt gpt;
  private final Optimizer optimizer;
  private final Schedule schedule;
  private final Batches batches;
  private final int accumulate;

  /// `accumulate` batches make one step; their gradients are averaged.
  public Trainer(Gpt gpt, Optimizer optimizer, Schedule schedule, Batches batches, int accumulate) {
    if (accumulate < 1) {
      throw new InvalidArgument("accumulate is %d; it must be positive".formatted(accumulate));
    }
    this.gpt = gpt;
    this.optimizer = optimizer;
    this.schedule = schedule;
    this.batches = batches;
    this.accumulate = accumulate;
  }

  public Gpt gpt() {
    return gpt;
  }

  public Optimizer optimizer() {
    return optimizer;
  }

  /// Steps done; also the number of the next one.
  public long steps() {
    return optimizer.steps();
  }

  /// Targets a step trains on.
  public long tokensPerStep() {
    return (long) batches.rows() * batches.time() * accumulate;
  }

  /// One optimizer step. Throws [NotFinite] when the loss or the gradient is not finite.
  public StepReport step() {
    long start = System.nanoTime();
    long step = steps();
    double loss = 0;
    for (int micro = 0; micro < accumulate; micro++) loss += microStep(step, micro) / accumulate;
    if (!Double.isFinite(loss)) throw new NotFinite(step, "the loss", loss);
    double rate = schedule.at(step);
    optimizer.step(rate);
    var norm = optimizer.gradientNorm();
    if (norm.isPresent() && !Double.isFinite(norm.getAsDouble())) {
      throw new NotFinite(step, "the gradient norm", norm.getAsDouble());
    }
    double seconds = (System.nanoTime() - start) * 1e-9;
    return new StepReport(step, loss, rate, norm, tokensPerStep(), seconds);
  }

  private double microStep(long step, int micro) {
    var batch = batches.at(step, micro);
    var shape = Shape.of(batch.rows(), batch.time());
    try (var tape = Tape.open(gpt.device())) {
      var tokens = Tensor.of(tape, shape, batch.inputs());
      var targets = Tensor.of(tape, shape, batch.targets());
      var loss = gpt.loss(tokens, targets);
      tape.backward(loss, 1.0 / accumulate);
      return loss.item();
    }
  }
}
