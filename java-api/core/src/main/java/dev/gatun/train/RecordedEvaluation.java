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
  private final Map<Integer, LossOfBatch> byRows = new HashMap<>();

  RecordedEvaluation(Gpt gpt, List<Batch> batches) {
    this.gpt = gpt;
    this.batches = batches;
  }

  Evaluation run() {
    double sum = 0;
    long tokens = 0;
    for (var batch : batches) {
      var loss =
          byRows.computeIfAbsent(batch.rows(), rows -> new LossOfBatch(gpt, rows, batch.time()));
      sum += loss.of(batch) * batch.inputs().length;
      tokens += batch.inputs().length;
    }
    return new Evaluation(sum / tokens, tokens);
  }

  /// Gives back the recordings; another [#run] makes them anew.
  @Override
  public void close() {
    byRows.values().forEach(each -> each.recording.close());
    byRows.clear();
  }

  /// The mean loss of a batch of so many windows.
  private static final class LossOfBatch {
    private final Gpt gpt;
    private final int rows;
    private final WindowFeed windows;
    private final Tensor loss;
    private final Recording recording;

    LossOfBatch(Gpt gpt, int rows, int time) {
      this.gpt = gpt;
      this.rows = rows;
      var scope = gpt.parameters().scope();
      windows = new WindowFeed(scope, rows, time);
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
