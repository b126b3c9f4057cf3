package dev.gatun.train;

import dev.gatun.memory.Recording;
import dev.gatun.nn.Gpt;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// How well a model predicts given batches, as [Evaluation#of] finds it, each batch a replay.
final class RecordedEvaluation implements AutoCloseable {
  private final Gpt gpt;
  private final List<Batch> batches;
  private final Map<Shape, LossOfBatch> byShape = new HashMap<>();

  RecordedEvaluation(Gpt gpt, List<Batch> batches) {
    this.gpt = gpt;
    this.batches = batches;
  }

  Evaluation run() {
    double sum = 0;
    long tokens = 0;
    for (var batch : batches) {
      var shape = Shape.of(batch.rows(), batch.time());
      var loss = byShape.computeIfAbsent(shape, _ -> new LossOfBatch(gpt, batch));
      sum += loss.of(batch) * batch.inputs().length;
      tokens += batch.inputs().length;
    }
    return new Evaluation(sum / tokens, tokens);
  }

  /// Gives back the recordings; another [#run] makes them anew.
  @Override
  public void close() {
    byShape.values().forEach(each -> each.recording.close());
    byShape.clear();
  }

  /// The mean loss of batches of one shape.
  private static final class LossOfBatch {
    private final Gpt gpt;
    private final int rows;
    private final WindowFeed windows;
    private final Tensor loss;
    private final Recording recording;

    LossOfBatch(Gpt gpt, Batch first) {
      this.gpt = gpt;
      rows = first.rows();
      var scope = gpt.parameters().scope();
      windows = new WindowFeed(scope, rows, first.time());
      loss = Tensor.zeros(scope, gpt.parameters().dtype().wide(), Shape.SCALAR);
      recording = gpt.device().record(this::walk);
    }

    private void walk() {
      var device = gpt.device();
      windows.send();
      try (var _ = device.scope()) {
        var found = gpt.loss(windows.tokens(0, rows), windows.targets(0, rows));
        device
            .kernels()
            .copy(device.stream().handle(), loss.data(), found.data(), loss.dtype().bytes());
      }
    }

    double of(Batch batch) {
      windows.put(0, batch);
      recording.replay();
      return loss.item();
    }
  }
}
