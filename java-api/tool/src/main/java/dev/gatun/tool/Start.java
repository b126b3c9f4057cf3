package dev.gatun.tool;

import dev.gatun.InvalidArgument;
import dev.gatun.store.BadFile;
import dev.gatun.store.Checkpoints;
import dev.gatun.store.GptConfigFile;
import dev.gatun.store.TrainerState;
import dev.gatun.train.Run;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/// How a run starts, decided before any data is read.
///
/// @param settings all of the run's
/// @param folder the run's
/// @param checkpoint where its weights come from, this run's or another's; empty for new ones
/// @param resumed whether it goes on with this run's own checkpoint
record Start(Settings settings, Path folder, Optional<Path> checkpoint, boolean resumed) {
  private static final String PRESET = "preset";

  /// A new run of new weights.
  static Start fresh(Preset preset, Settings given, Path folder) {
    Run.requireFree(folder);
    var settings = preset.with(given).with(PRESET, preset.word);
    if (TrainingData.isTokens(settings) && !given.has("tokenizer")) {
      settings = settings.without("tokenizer");
    }
    settings.shape(1); // or throws, before minutes are spent on the data
    return new Start(settings, folder, Optional.empty(), false);
  }

  /// A new run from the weights in `model`, whose shape it takes.
  static Start from(Path model, Preset preset, Settings given, Path folder) {
    Run.requireFree(folder);
    var checkpoint = Checkpoints.resolve(model);
    var config = GptConfigFile.read(checkpoint);
    var shape = shape(config);
    refuse(given.only(shape), shape, "the model in " + checkpoint);
    var settings = preset.with(given).with(shape).with(PRESET, preset.word);
    if (!given.has("tokenizer")) {
      var known = Tokenizers.nameFor(checkpoint, config.vocabulary());
      settings =
          known.isPresent()
              ? settings.with("tokenizer", known.get())
              : settings.without("tokenizer");
    }
    if (!given.has("context")) settings = settings.with("context", (long) config.positions());
    if (settings.whole("context") > config.positions()) {
      throw new InvalidArgument(
          "context %d is longer than the model's %d"
              .formatted(settings.whole("context"), config.positions()));
    }
    return new Start(settings, folder, Optional.of(checkpoint), false);
  }

  /// Goes on with the run in `folder`; `preset` may be null. Only where the data lies may differ
  /// from what the run began with.
  static Start resume(Path folder, String preset, Settings given) {
    if (!Files.isDirectory(folder)) throw new BadFile(folder, "is no run folder");
    var checkpoint =
        new Checkpoints(folder)
            .latest()
            .orElseThrow(() -> new BadFile(folder, "holds no checkpoint to go on from"));
    var settings = Settings.read(checkpoint, TrainerState.read(checkpoint));
    var asked = given.without("data");
    if (preset != null) asked = asked.with(PRESET, preset);
    if (asked.has("device") && asked.text("device").equals("auto")) asked = asked.without("device");
    if (asked.has("threads")) {
      asked = asked.with("threads", (long) Machine.threads(asked.whole("threads")));
    }
    refuse(asked, settings, "the run in " + folder);
    if (given.has("data")) settings = settings.with("data", given.text("data"));
    return new Start(settings, folder, Optional.of(checkpoint), true);
  }

  private static Settings shape(GptConfigFile config) {
    return Settings.NONE
        .with("layers", (long) config.layers())
        .with("heads", (long) config.heads())
        .with("width", (long) config.width())
        .with("feed-forward", (long) config.feedForward())
        .with("bias", config.biased())
        .with("scale-by-layer", config.scaledByLayer())
        .with("tied-head", config.tied())
        .with("vocab", (long) config.vocabulary());
  }

  /// Throws where something asked for differs from what is so already.
  private static void refuse(Settings asked, Settings is, String what) {
    asked
        .values()
        .forEach(
            (name, value) -> {
              var has = is.values().get(name);
              if (!value.equals(has)) {
                throw new InvalidArgument(
                    "--%s %s contradicts %s, which has %s"
                        .formatted(name, value, what, has == null ? "none" : has));
              }
            });
  }
}
