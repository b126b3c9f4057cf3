package dev.gatun.tool;

import dev.gatun.InvalidArgument;
import dev.gatun.nn.GptConfig;
import dev.gatun.nn.Recompute;
import dev.gatun.nn.Rounding;
import dev.gatun.optim.AdamW;
import dev.gatun.optim.Lion;
import dev.gatun.optim.Schedule;
import dev.gatun.optim.Sophia;
import dev.gatun.store.BadFile;
import dev.gatun.store.TrainerState;
import dev.gatun.tensor.DType;
import dev.gatun.train.CurvatureRefresh;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Locale;
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
    var settings = new Settings(state.config());
    for (var setting : Setting.ALL) {
      var value = settings.values.get(setting.name());
      if (value == null ? setting.required() : !setting.takes(value)) {
        throw bad(checkpoint, setting.name(), value);
      }
    }
    for (var name : settings.optimizer().defaults().values.keySet()) {
      if (!settings.has(name)) throw bad(checkpoint, name, null);
    }
    return settings;
  }

  private static BadFile bad(Path checkpoint, String name, Object value) {
    return new BadFile(
        checkpoint.resolve(TrainerState.NAME),
        "its config has %s for \"%s\"".formatted(value, name));
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
    if (has("feed-forward")) config = config.withFeedForward(size("feed-forward"));
    if (!flag("bias")) config = config.withoutBias();
    if (!flag("tied-head")) config = config.withUntiedHead();
    return flag("scale-by-layer") ? config.withScaleByLayer() : config;
  }

  /// What walks backwards compute again.
  Recompute recompute() {
    return Recompute.valueOf(text("recompute").toUpperCase(Locale.ROOT));
  }

  /// What matrices and activations are held in.
  DType dtype() {
    return text("dtype").equals("bf16") ? DType.BF16 : DType.F32;
  }

  /// How weights in bf16 come to be.
  Rounding rounding() {
    return text("rounding").equals("stochastic") ? Rounding.STOCHASTIC : Rounding.NEAREST;
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

  /// What moves the weights.
  NamedOptimizer optimizer() {
    return NamedOptimizer.of(this);
  }

  /// AdamW's numbers; throws where it cannot work with them.
  AdamW.Config adamW() {
    return new AdamW.Config(
        number("beta1"), number("beta2"), 1e-8, number("weight-decay"), number("clip"));
  }

  /// Lion's numbers; throws where it cannot work with them.
  Lion.Config lion() {
    return new Lion.Config(
        number("beta1"), number("beta2"), number("weight-decay"), number("clip"));
  }

  /// Sophia's numbers; throws where it cannot work with them.
  Sophia.Config sophia() {
    return Sophia.Config.HUTCHINSON
        .withBetas(number("beta1"), number("beta2"))
        .withGamma(number("gamma"))
        .withWeightDecay(number("weight-decay"))
        .withMaxNorm(number("clip"));
  }

  /// When and on how much Sophia's curvature is refreshed; throws where there is no such.
  CurvatureRefresh.Plan refreshes() {
    return new CurvatureRefresh.Plan(
        whole("curvature-every"),
        number("curvature-share"),
        CurvatureRefresh.Order.valueOf(text("curvature-order").toUpperCase(Locale.ROOT)));
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
