package dev.gatun.train;

import dev.gatun.grad.Tape;
import dev.gatun.memory.Recording;
import dev.gatun.nn.Gpt;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;

/// A step of training that is recorded once and then replayed: the gradient of the mean loss over
/// some batches, and the optimizer's move.
final class RecordedStep implements AutoCloseable {
  private final Gpt gpt;
  private final TrainingStep step;
  private final WindowFeed windows;
  private final Tensor losses;
  private Recording recording;

  RecordedStep(Gpt gpt, TrainingStep step) {
    this.gpt = gpt;
    this.step = step;
    var scope = gpt.parameters().scope();
    long rows = (long) step.batches().rows() * step.accumulate();
    windows = new WindowFeed(scope, rows, step.batches().time());
    losses = Tensor.zeros(scope, gpt.parameters().dtype().wide(), Shape.of(step.accumulate()));
  }

  /// The recording, made where there is none yet.
  Recording recording() {
    if (recording == null) recording = gpt.device().record(this::walk);
    return recording;
  }

  /// The mean loss before the move, at this learning rate. Waits.
  double run(double rate) {
    var made = recording();
    for (int micro = 0; micro < step.accumulate(); micro++) {
      windows.put(first(micro), step.batches().at(step.optimizer().steps(), micro));
    }
    step.optimizer().prepare(rate);
    made.replay();
    double mean = 0;
    for (double loss : losses.toDoubles()) mean += loss / step.accumulate();
    return mean;
  }

  private void walk() {
    windows.send();
    for (int micro = 0; micro < step.accumulate(); micro++) {
      int rows = step.batches().rows();
      try (var tape = Tape.open(gpt.device())) {
        var loss =
            gpt.loss(windows.tokens(first(micro), rows), windows.targets(first(micro), rows));
        tape.backward(loss, 1.0 / step.accumulate());
        keep(loss, micro);
      }
    }
    step.optimizer().apply();
  }

  private long first(int micro) {
    return (long) micro * step.batches().rows();
  }

  private void keep(Tensor loss, int micro) {
    var device = gpt.device();
    long bytes = losses.dtype().bytes();
    var to = losses.scope().at(losses.data(), micro * bytes);
    device.kernels().copy(device.stream().handle(), to, loss.data(), bytes);
  }

  @Override
  public void close() {
    if (recording != null) recording.close();
  }
}
