package dev.gatun.tool;

import dev.gatun.InvalidArgument;
import dev.gatun.tensor.DType;
import dev.gatun.train.Evaluation;
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
  @Spec private CommandSpec spec;
  @Mixin private ModelOnText text;

  @Option(
      names = "--json",
      description = "Prints one line: {\"loss\":X,\"perplexity\":X,\"tokens\":N}.")
  private boolean json;

  @Override
  public Integer call() {
    text.with(DType.F32, (gpt, batches) -> print(Evaluation.of(gpt, batches)));
    return 0;
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
