package dev.gatun.tool;

import dev.gatun.store.Checkpoints;
import dev.gatun.store.GptCheckpoint;
import dev.gatun.tensor.DType;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// Continues a text.
@Command(
    name = "generate",
    description = {
      "Continues a text and prints what it adds as it comes.",
      "A text may outgrow the model's context: the first half is then forgotten."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Version.class)
final class GenerateCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @Mixin private Machine machine;

  @Option(
      names = "--model",
      required = true,
      paramLabel = "DIR",
      description = "A run folder (its last checkpoint), a checkpoint, a Hugging Face folder.")
  private Path model;

  @Option(
      names = "--prompt",
      required = true,
      paramLabel = "TEXT",
      description = "The text to continue; an empty one begins a document.")
  private String prompt;

  @Option(
      names = "--system",
      paramLabel = "TEXT",
      description = "Text that stands before the prompt, on lines of its own.")
  private String system;

  @Option(
      names = "--max-tokens",
      paramLabel = "N",
      defaultValue = "256",
      description = "How many tokens to add at most (${DEFAULT-VALUE}).")
  private int maxTokens;

  @Option(
      names = "--temperature",
      paramLabel = "X",
      defaultValue = "0.8",
      description = "0 takes the likeliest token, 1 the model's own chances (${DEFAULT-VALUE}).")
  private double temperature;

  @Option(
      names = "--top-p",
      paramLabel = "P",
      defaultValue = "0.95",
      description = "Draws from the likeliest tokens that reach P together (${DEFAULT-VALUE}).")
  private double topP;

  @Option(
      names = "--presence-penalty",
      paramLabel = "X",
      defaultValue = "0",
      description = "Nats that a token already added loses (${DEFAULT-VALUE}).")
  private double presencePenalty;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "1337",
      description = "The same seed, the same text (${DEFAULT-VALUE}).")
  private long seed;

  @Option(
      names = "--tokenizer",
      paramLabel = "bytes|gpt2",
      description = "What the text is cut into; else what the model was trained with.")
  private String tokenizer;

  @Override
  public Integer call() {
    var sampler = new Sampler(temperature, topP, presencePenalty);
    var checkpoint = Checkpoints.resolve(model);
    var out = spec.commandLine().getOut();
    try (var device = machine.open();
        var scope = device.scope()) {
      var gpt = GptCheckpoint.read(checkpoint, scope, DType.F32);
      var words = Tokenizers.of(tokenizer, checkpoint, gpt.config().vocabulary());
      var generator = new Generator(gpt, words, sampler, seed);
      generator.generate(
          generator.read(system == null ? prompt : system + "\n" + prompt),
          maxTokens,
          text -> {
            out.print(text);
            out.flush();
          });
      out.println();
    }
    return 0;
  }
}
