package dev.gatun.train;

import dev.gatun.grad.Tape;
import dev.gatun.memory.Recording;
import dev.gatun.nn.Gpt;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.util.function.Consumer;

/// A step of training that is recorded once and then replayed: the gradient of the mean loss over
/// some batches, and the optimizer's move.
final class RecordedStep implements AutoCloseable {
  private final Gpt gpt;
  private final TrainingStep step;
  private final Consumer<Runnable> around;
  private final WindowFeed windows;
  private final Tensor losses;
  private Recording recording;

  /// Of a network that is trained itself.
  RecordedStep(Gpt gpt, TrainingStep step) {
    this(gpt, step, Runnable::run);
  }

  /// Where `around` has the gradients of `gpt` made, and makes of them those that the optimizer
  /// moves by.
  RecordedStep(Gpt gpt, TrainingStep step, Consumer<Runnable> around) {
    this.gpt = gpt;
    this.step = step;
    this.around = around;
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
    replay(made, rate);
    double mean = 0;
    for (double loss : losses.toDoubles()) mean += loss / step.accumulate();
    return mean;
  }

  /// A step that is refused has not been done.
  private void replay(Recording made, double rate) {
    var optimizer = step.optimizer();
    long done = optimizer.steps();
    optimizer.prepare(rate);
    try {
      made.replay();
    } catch (RuntimeException refusal) {
      takeBack(done, refusal);
      throw refusal;
    }
  }

  /// Gradients too, of which some may have been overwritten.
  private void takeBack(long done, RuntimeException refusal) {
    var optimizer = step.optimizer();
    gpt.parameters().forgetGradients();
    try {
      optimizer.resume(done, optimizer.counters());
    } catch (RuntimeException another) {
      refusal.addSuppressed(another);
    }
  }

  private void walk() {
    windows.send();
    gpt.parameters().forgetGradients();
    around.accept(this::gradients);
    step.optimizer().apply();
  }

  private void gradients() {
    for (int micro = 0; micro < step.accumulate(); micro++) {
      int rows = step.batches().rows();
      try (var tape = Tape.open(gpt.device())) {
        var loss =
            gpt.loss(windows.tokens(first(micro), rows), windows.targets(first(micro), rows));
        tape.backward(loss, 1.0 / step.accumulate());
        keep(loss, micro);
      }
    }
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
