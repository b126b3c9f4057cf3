package dev.gatun.scaling;

import dev.gatun.nn.GptConfig;
import dev.gatun.nn.GptMemory;
import dev.gatun.train.CurvatureRefresh;

/// The memory of training on one device without tricks: nothing sharded, nothing recomputed. In
/// bytes.
///
/// @param weights with their copies in a smaller type
/// @param gradients of the weights
/// @param optimizer its state
/// @param activations of one batch, with what the backward walk adds; or of a refresh of the
///     curvature, where that takes more
public record MemoryNeed(long weights, long gradients, long optimizer, long activations) {
  /// Of batches of `rows` windows of the whole context. In fp32 with the optimizers that `train`
  /// offers these are the bytes that the trainer allocates.
  public static MemoryNeed of(
      GptConfig config, long rows, Precision precision, OptimizerState state) {
    var gpt = batch(config, rows, precision);
    var part = batch(config, CurvatureRefresh.windowsAtOnce(rows), precision);
    return new MemoryNeed(
        gpt.weights(),
        gpt.gradients(),
        state.bytes(gpt.elements(), precision.activations()),
        state.activations(gpt, part));
  }

  private static GptMemory batch(GptConfig config, long rows, Precision precision) {
    return GptMemory.of(config, rows, config.context(), precision.activations());
  }

  public long total() {
    return weights + gradients + optimizer + activations;
  }
}
