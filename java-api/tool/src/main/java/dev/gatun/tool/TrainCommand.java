package dev.gatun.tool;

import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// Trains a model; its options are these and all of [Setting].
@Command(
    name = "train",
    description = {
      "Trains a GPT on text and leaves a run folder: journal.jsonl, loss.png, checkpoints that"
          + " Hugging Face's transformers load.",
      "Without options: a small model on the JDK's own sources, in minutes."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    sortOptions = false)
final class TrainCommand implements Callable<Integer> {
  private static final DateTimeFormatter MOMENT = DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss");

  @Spec private CommandSpec spec;

  @Option(
      names = "--preset",
      paramLabel = "NAME",
      description = {
        "A model with its recipe: tiny (the default), small, gpt2-14m, gpt2-124m, gpt2-355m,"
            + " gpt2-774m, gpt2-1558m; further options change it."
      })
  private String preset;

  @Option(
      names = "--init",
      paramLabel = "DIR",
      description = "Starts from the weights of a checkpoint, whose shape it takes.")
  private Path init;

  @Option(
      names = "--resume",
      paramLabel = "DIR",
      description =
          "Goes on with the run in DIR as if it had never stopped; only --data may name another"
              + " place of the same data.")
  private Path resume;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "The run folder, missing or empty; else runs/PRESET-DATE-TIME.")
  private Path out;

  @Override
  public Integer call() {
    var line = spec.commandLine();
    try (var training = Training.open(start(), line.getOut(), line.getErr())) {
      training.run();
    }
    return 0;
  }

  private Start start() {
    if (preset != null && !Preset.words().contains(preset)) {
      throw new ParameterException(
          spec.commandLine(),
          "there is no preset '%s'; there are %s"
              .formatted(preset, String.join(", ", Preset.words())));
    }
    if (resume != null) {
      if (init != null || out != null) {
        throw new ParameterException(
            spec.commandLine(), "--resume goes on in its own folder: it takes no --init or --out");
      }
      return Start.resume(resume, preset, given());
    }
    var chosen = preset == null ? Preset.TINY : Preset.named(preset);
    return init == null
        ? Start.fresh(chosen, given(), folder(chosen))
        : Start.from(init, chosen, given(), folder(chosen));
  }

  private Path folder(Preset chosen) {
    if (out != null) return out;
    return Path.of("runs", chosen.word + "-" + LocalDateTime.now().format(MOMENT));
  }

  /// The settings named on the command line.
  private Settings given() {
    var given = Settings.NONE;
    var parsed = spec.commandLine().getParseResult();
    for (var setting : Setting.ALL) {
      if (!parsed.hasMatchedOption(setting.option())) continue;
      Object value = parsed.matchedOption(setting.option()).getValue();
      given = given.with(setting.name(), setting.name().equals("data") ? absolute(value) : value);
    }
    return given;
  }

  private static Object absolute(Object path) {
    return Path.of((String) path).toAbsolutePath().normalize().toString();
  }
}
