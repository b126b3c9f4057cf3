package dev.gatun.tool;

import dev.gatun.InvalidArgument;
import dev.gatun.nn.Gpt;
import dev.gatun.store.Checkpoints;
import dev.gatun.store.GptCheckpoint;
import dev.gatun.tensor.DType;
import dev.gatun.train.Batch;
import dev.gatun.train.Corpus;
import dev.gatun.train.Tokens;
import dev.gatun.train.Windows;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// The options that say which model is looked at, on which windows of which text, and where.
final class ModelOnText {
  private static final int USUAL_ROWS = 8;
  private static final int USUAL_BATCHES = 32;

  @Mixin private Machine machine;

  @Option(
      names = "--model",
      required = true,
      paramLabel = "DIR",
      description = "A run folder (its last checkpoint), a checkpoint, a Hugging Face folder.")
  private Path model;

  @Option(
      names = "--data",
      required = true,
      paramLabel = "PATH",
      description = "A text file, a folder or zip of them, a .bin of tokens.")
  private Path data;

  @Option(
      names = "--context",
      paramLabel = "T",
      description = "Tokens that a window predicts; else the model's context.")
  private Integer context;

  @Option(
      names = "--batch",
      paramLabel = "B",
      description = "Windows a batch; else " + USUAL_ROWS + ", or all where there are fewer.")
  private Integer rows;

  @Option(
      names = "--batches",
      paramLabel = "K",
      description = "Batches; else " + USUAL_BATCHES + ", or as many as there are.")
  private Integer batches;

  @Option(
      names = "--tokenizer",
      paramLabel = "bytes|gpt2",
      description = "What the text is cut into; else what the model was trained with.")
  private String tokenizer;

  /// Does something with the model and its batches while they are there.
  @FunctionalInterface
  interface Body {
    void accept(Gpt gpt, List<Batch> batches);
  }

  /// Reads the model, in this type, and the text.
  void with(DType dtype, Body body) {
    var checkpoint = Checkpoints.resolve(model);
    try (var device = machine.open();
        var scope = device.scope()) {
      var gpt = GptCheckpoint.read(checkpoint, scope, dtype);
      int vocabulary = gpt.config().vocabulary();
      try (var tokens = tokens(checkpoint, vocabulary)) {
        body.accept(gpt, windows(tokens, gpt));
      }
    }
  }

  private Tokens tokens(Path checkpoint, int vocabulary) {
    return TrainingData.isTokens(data)
        ? Corpus.whole(data, Tokenizers.named("bytes"))
        : Corpus.whole(data, Tokenizers.of(tokenizer, checkpoint, vocabulary));
  }

  private List<Batch> windows(Tokens tokens, Gpt gpt) {
    int time = context == null ? gpt.config().context() : context;
    if (time > gpt.config().context()) {
      throw new InvalidArgument(
          "context %d is longer than the model's %d".formatted(time, gpt.config().context()));
    }
    var windows = new Windows(tokens, time);
    int b = rows == null ? (int) Math.min(USUAL_ROWS, windows.count()) : rows;
    int k =
        batches == null ? Math.clamp(windows.count() / Math.max(b, 1), 1, USUAL_BATCHES) : batches;
    var first = windows.first(b, k);
    tokens.slice(0, (long) b * k * time + 1).requireWithin(gpt.config().vocabulary());
    return first;
  }
}
