package dev.gatun.tool;

import java.util.List;
import java.util.stream.Stream;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.TypeConversionException;

/// One thing that a run can be told: an option of `train`, a line of a preset, a value that
/// checkpoints keep.
///
/// @param name without dashes
/// @param type `Long`, `Double`, `String` or `Boolean`
/// @param required whether every run has a value for it
/// @param choices the texts allowed; empty for any
/// @param description for `--help`
record Setting(
    String name, Class<?> type, boolean required, List<String> choices, String description) {
  static final List<Setting> ALL =
      List.of(
          whole("layers", "Transformer blocks."),
          whole("heads", "Attention heads; they divide the width."),
          whole("width", "Channels of the residual stream."),
          whole("feed-forward", "Channels inside the MLPs; else four times the width.").optional(),
          flag("bias", "Linear layers and norms have biases, or none."),
          flag("scale-by-layer", "The attention scores of layer n are also divided by n."),
          flag("tied-head", "The head is the token embedding, or has weights of its own."),
          whole("context", "Tokens that a window predicts; the longest context of a new model."),
          whole("vocab", "The vocabulary, if not the tokenizer's, nor a .bin's largest id's.")
              .optional(),
          text("data", "A text file, a folder or zip of them, a .bin; else the JDK's sources.")
              .optional(),
          text("tokenizer", "What text is cut into.").among("bytes", "gpt2").optional(),
          text("optimizer", "What moves the weights.").among(NamedOptimizer.words()),
          whole("steps", "Optimizer steps in all."),
          whole("batch", "Windows that pass through the model at once."),
          whole("accumulate", "Batches a step; their gradients are averaged."),
          text("recompute", "What backward computes again: less memory, more time, the same bits.")
              .among("none", "mlp", "block"),
          number("lr", "The highest rate; else the preset's, times: " + rates() + "."),
          number("min-lr", "The rate that cosine and wsd fall to."),
          text("schedule", "How the rate moves.").among("constant", "cosine", "wsd"),
          whole("warmup", "Steps over which the rate rises."),
          whole("decay", "Steps over which the rate of wsd falls."),
          number("weight-decay", "The decay of matrices").perOptimizer(),
          number("beta1", "The decay of the mean gradient that a step sees").perOptimizer(),
          number("beta2", "That of squares, of curvature, of Lion's mean").perOptimizer(),
          number("gamma", "Sophia's factor of curvature: more clips less").perOptimizer(),
          whole("curvature-every", "Steps between refreshes of curvature").perOptimizer(),
          number("curvature-share", "The part of a step's windows for one").perOptimizer(),
          text("curvature-order", "Where in a step that is")
              .among("before", "after")
              .perOptimizer(),
          number("clip", "The largest gradient norm."),
          text("dtype", "Of matrices and activations; sums and masters are fp32.")
              .among("fp32", "bf16"),
          text("rounding", "How bf16 weights come to be: of a master's nearest, or at random.")
              .among("nearest", "stochastic"),
          whole("seed", "For the first weights and the order of windows."),
          text("device", "Where to train.").among("cpu", "cuda", "auto"),
          whole("threads", "Threads of the CPU; 0 takes all."),
          whole("evaluate-every", "Steps from one evaluation to the next."),
          whole("evaluate-batches", "Batches of held-out windows in an evaluation."),
          whole("checkpoint-every", "Steps from one checkpoint to the next."));

  static Setting named(String name) {
    return ALL.stream().filter(setting -> setting.name.equals(name)).findFirst().orElseThrow();
  }

  /// Whether a checkpoint may hold this value for it.
  boolean takes(Object value) {
    return type.isInstance(value) && (choices.isEmpty() || choices.contains(value));
  }

  /// What the command line calls it.
  String option() {
    return "--" + name;
  }

  /// Makes all of them options of a command.
  static void addTo(CommandSpec command) {
    for (var setting : ALL) command.addOption(setting.spec());
  }

  private OptionSpec spec() {
    var spec = OptionSpec.builder(option()).type(type).description(description);
    if (type == Boolean.class) return spec.arity("0").negatable(true).build();
    return spec.paramLabel(label()).converters(this::converted).build();
  }

  private String label() {
    if (!choices.isEmpty()) return String.join("|", choices);
    return type == String.class ? "PATH" : type == Long.class ? "N" : "X";
  }

  private Object converted(String value) {
    try {
      if (type == Long.class) return Long.valueOf(value);
      if (type == Double.class) return Double.valueOf(value);
    } catch (NumberFormatException e) {
      throw new TypeConversionException(
          "'%s' is no %s".formatted(value, type == Long.class ? "whole number" : "number"));
    }
    if (takes(value)) return value;
    throw new TypeConversionException(
        "'%s' is none of %s".formatted(value, String.join(", ", choices)));
  }

  private static String rates() {
    return NamedOptimizer.each(optimizer -> optimizer.rate(1));
  }

  private static Setting whole(String name, String description) {
    return new Setting(name, Long.class, true, List.of(), description);
  }

  private static Setting number(String name, String description) {
    return new Setting(name, Double.class, true, List.of(), description);
  }

  private static Setting text(String name, String description) {
    return new Setting(name, String.class, true, List.of(), description);
  }

  private static Setting flag(String name, String description) {
    return new Setting(name, Boolean.class, true, List.of(), description);
  }

  private Setting optional() {
    return new Setting(name, type, false, choices, description);
  }

  /// Says what each optimizer has for it; a setting that some lack is no run's duty.
  private Setting perOptimizer() {
    var defaults = NamedOptimizer.each(optimizer -> optimizer.defaults().values().get(name));
    boolean all = Stream.of(NamedOptimizer.values()).allMatch(each -> each.defaults().has(name));
    return new Setting(name, type, all, choices, "%s: %s.".formatted(description, defaults));
  }

  private Setting among(String... choices) {
    return new Setting(name, type, required, List.of(choices), description);
  }
}
