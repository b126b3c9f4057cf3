package dev.gatun.tool;

import dev.gatun.InvalidArgument;
import dev.gatun.nn.Gpt;
import dev.gatun.store.Checkpoints;
import dev.gatun.store.GptCheckpoint;
import dev.gatun.tensor.DType;
import dev.gatun.train.Batch;
import dev.gatun.train.Corpus;
import dev.gatun.train.Evaluation;
import dev.gatun.train.Tokens;
import dev.gatun.train.Windows;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// Measures a model on text.
@Command(
    name = "evaluate",
    description = {
      "Measures a model on consecutive windows of T + 1 tokens from the first token on, each"
          + " starting T after the last: its mean loss over the targets, in nats a token."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Version.class)
final class EvaluateCommand implements Callable<Integer> {
  private static final int USUAL_ROWS = 8;
  private static final int USUAL_BATCHES = 32;

  @Spec private CommandSpec spec;
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

  @Option(
      names = "--json",
      description = "Prints one line: {\"loss\":X,\"perplexity\":X,\"tokens\":N}.")
  private boolean json;

  @Override
  public Integer call() {
    var checkpoint = Checkpoints.resolve(model);
    try (var device = machine.open();
        var scope = device.scope()) {
      var gpt = GptCheckpoint.read(checkpoint, scope, DType.F32);
      int vocabulary = gpt.config().vocabulary();
      try (var tokens = tokens(checkpoint, vocabulary)) {
        print(Evaluation.of(gpt, windows(tokens, gpt)));
      }
    }
    return 0;
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

  private void print(Evaluation evaluation) {
    var out = spec.commandLine().getOut();
    if (!Double.isFinite(evaluation.perplexity())) {
      throw new InvalidArgument(
          "the loss is %s: this model has no perplexity".formatted(evaluation.loss()));
    }
    out.printf(
        Locale.ROOT,
        json
            ? "{\"loss\":%.7f,\"perplexity\":%.7f,\"tokens\":%d}%n"
            : "loss %.7f  perplexity %.7f  tokens %d%n",
        evaluation.loss(),
        evaluation.perplexity(),
        evaluation.tokens());
  }
}
