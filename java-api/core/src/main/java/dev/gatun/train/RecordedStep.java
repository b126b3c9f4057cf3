package dev.gatun.train;

import dev.gatun.grad.Tape;
import dev.gatun.memory.Feed;
import dev.gatun.memory.Recording;
import dev.gatun.nn.Gpt;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/// A step of training that is recorded once and then replayed: the gradient of the mean loss over
/// some batches, and the optimizer's move. The windows of its batches come with each replay.
final class RecordedStep implements AutoCloseable {
  private final Gpt gpt;
  private final TrainingStep step;
  private final Shape window;
  private final Feed windows;
  private final Tensor losses;
  private Recording recording;

  RecordedStep(Gpt gpt, TrainingStep step) {
    this.gpt = gpt;
    this.step = step;
    var scope = gpt.parameters().scope();
    window = Shape.of(step.batches().rows(), step.batches().time());
    windows = new Feed(scope, 2 * step.tokens() * Integer.BYTES);
    losses = Tensor.zeros(scope, gpt.parameters().dtype().wide(), Shape.of(step.accumulate()));
  }

  /// The mean loss before the move, at this learning rate. Waits.
  double run(double rate) {
    if (recording == null) recording = gpt.device().record(this::walk);
    long number = step.optimizer().steps();
    for (int micro = 0; micro < step.accumulate(); micro++) {
      var batch = step.batches().at(number, micro);
      put(2 * micro, batch.inputs());
      put(2 * micro + 1, batch.targets());
    }
    step.optimizer().prepare(rate);
    recording.replay();
    double mean = 0;
    for (double loss : losses.toDoubles()) mean += loss / step.accumulate();
    return mean;
  }

  private void put(int place, int[] ids) {
    windows.image().asSlice(at(place)).copyFrom(MemorySegment.ofArray(ids));
  }

  private void walk() {
    windows.send();
    for (int micro = 0; micro < step.accumulate(); micro++) {
      try (var tape = Tape.open(gpt.device())) {
        var loss = gpt.loss(ids(2 * micro), ids(2 * micro + 1));
        tape.backward(loss, 1.0 / step.accumulate());
        keep(loss, micro);
      }
    }
    step.optimizer().apply();
  }

  private Tensor ids(int place) {
    var scope = gpt.parameters().scope();
    return Tensor.over(scope, scope.at(windows.data(), at(place)), DType.I32, window, null);
  }

  private long at(int place) {
    return place * window.count() * Integer.BYTES;
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
