package dev.gatun.train;

import dev.gatun.nn.Gpt;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.util.List;

/// How well a model predicts given batches.
///
/// @param loss mean over all targets, in nats
/// @param tokens the targets
public record Evaluation(double loss, long tokens) {
  /// e to the loss.
  public double perplexity() {
    return Math.exp(loss);
  }

  /// Runs the model over the batches, without a tape.
  public static Evaluation of(Gpt gpt, List<Batch> batches) {
    double sum = 0;
    long tokens = 0;
    for (var batch : batches) {
      try (var scope = gpt.device().scope()) {
        var shape = Shape.of(batch.rows(), batch.time());
        var inputs = Tensor.of(scope, shape, batch.inputs());
        var targets = Tensor.of(scope, shape, batch.targets());
        sum += gpt.loss(inputs, targets).item() * shape.count();
        tokens += shape.count();
      }
    }
    return new Evaluation(sum / tokens, tokens);
  }
}
