package dev.gatun.train;

import dev.gatun.grad.Tape;
import dev.gatun.nn.Gpt;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;

/// One walk forwards and backwards.
final class MicroStep {
  private MicroStep() {}

  /// Adds the gradients of `share` times the mean loss over a batch to those of the model, and
  /// returns the loss. Waits.
  static double run(Gpt gpt, Batch batch, double share) {
    var shape = Shape.of(batch.rows(), batch.time());
    try (var tape = Tape.open(gpt.device())) {
      var tokens = Tensor.of(tape, shape, batch.inputs());
      var targets = Tensor.of(tape, shape, batch.targets());
      var loss = gpt.loss(tokens, targets);
      tape.backward(loss, share);
      return loss.item();
    }
  }
}
