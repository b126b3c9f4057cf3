package dev.gatun.tool;

import dev.gatun.InvalidArgument;
import dev.gatun.nn.GptConfig;
import dev.gatun.optim.AdamW;
import dev.gatun.optim.Schedule;
import dev.gatun.store.BadFile;
import dev.gatun.store.TrainerState;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/// A run's settings by name, in order: what a preset says, what the command line changed, what
/// checkpoints keep.
record Settings(Map<String, Object> values) {
  static final Settings NONE = new Settings(Map.of());

  Settings {
    values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
  }

  /// Those of a checkpoint. Throws [BadFile] where one is missing or makes no sense.
  static Settings read(Path checkpoint, TrainerState state) {
    for (var setting : Setting.ALL) {
      var value = state.config().get(setting.name());
      if (value == null ? setting.required() : !setting.takes(value)) {
        throw new BadFile(
            checkpoint.resolve(TrainerState.NAME),
            "its config has %s for \"%s\"".formatted(value, setting.name()));
      }
    }
    return new Settings(state.config());
  }

  Settings with(String name, Object value) {
    return with(new Settings(Map.of(name, value)));
  }

  /// These, but where `others` has a value, that.
  Settings with(Settings others) {
    var all = new LinkedHashMap<>(values);
    all.putAll(others.values);
    return new Settings(all);
  }

  /// Those that `others` has too.
  Settings only(Settings others) {
    var all = new LinkedHashMap<>(values);
    all.keySet().retainAll(others.values.keySet());
    return new Settings(all);
  }

  Settings without(String name) {
    var all = new LinkedHashMap<>(values);
    all.remove(name);
    return new Settings(all);
  }

  boolean has(String name) {
    return values.containsKey(name);
  }

  String text(String name) {
    return (String) values.get(name);
  }

  boolean flag(String name) {
    return (Boolean) values.get(name);
  }

  double number(String name) {
    return (Double) values.get(name);
  }

  long whole(String name) {
    return (Long) values.get(name);
  }

  /// The model these describe, with a vocabulary; throws where there is no such model.
  GptConfig shape(int vocabulary) {
    var config =
        GptConfig.of(size("layers"), size("heads"), size("width"), size("context"), vocabulary);
    if (!flag("bias")) config = config.withoutBias();
    return flag("scale-by-layer") ? config.withScaleByLayer() : config;
  }

  /// The learning rate's course; throws where there is no such.
  Schedule schedule() {
    double peak = number("lr");
    double least = number("min-lr");
    return switch (text("schedule")) {
      case "constant" -> Schedule.constant(peak);
      case "cosine" -> Schedule.warmupCosine(whole("warmup"), whole("steps"), peak, least);
      default ->
          Schedule.warmupStableDecay(whole("warmup"), whole("steps"), whole("decay"), peak, least);
    };
  }

  /// AdamW's numbers; throws where it cannot work with them.
  AdamW.Config adamW() {
    return new AdamW.Config(
        number("beta1"), number("beta2"), 1e-8, number("weight-decay"), number("clip"));
  }

  /// A whole number that counts things held in memory.
  int size(String name) {
    long value = whole(name);
    if (value < 0 || value > Integer.MAX_VALUE) {
      throw new InvalidArgument(
          "%s is %d; it must be from 0 to %d".formatted(name, value, Integer.MAX_VALUE));
    }
    return (int) value;
  }
}
