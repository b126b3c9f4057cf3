package dev.gatun.tool;

import dev.gatun.InvalidArgument;
import dev.gatun.nn.Rounding;
import dev.gatun.tensor.DType;
import java.util.Arrays;
import java.util.List;

/// Models by name, each with the recipe it is trained by.
///
/// GPT-2's sizes carry the Sophia paper's published configurations for AdamW
/// (github.com/Liuhong99/Sophia, of 2024-01-29): 100,000 steps of 480 windows of 1024 tokens, 2000
/// of warm-up, cosine, decay 0.1, betas 0.9 and 0.95, clipped at 1, no biases, attention scores
/// divided by the layer's number. For the largest there is none: its peak rate is what the authors
/// name for AdamW at this size, and falls to a twentieth as theirs do in the paper.
///
/// The others are this project's own, for a CPU: `tiny` takes minutes, `small` twenty, `gpt2-14m`
/// (14 million parameters with a vocabulary of 8192) a night.
enum Preset {
  TINY("tiny", shape(4, 4, 128, 64), own(4000, 16, 1, 3e-3, 64)),
  SMALL("small", shape(6, 6, 192, 128), own(7000, 16, 1, 2e-3, 32)),
  GPT2_14M("gpt2-14m", shape(6, 6, 384, 256), own(20_000, 16, 2, 1e-3, 16)),
  GPT2_124M("gpt2-124m", shape(12, 12, 768, 1024), published(6e-4, 3e-5)),
  GPT2_355M("gpt2-355m", shape(24, 16, 1024, 1024), published(3e-4, 6e-5)),
  GPT2_774M("gpt2-774m", shape(36, 20, 1280, 1024), published(2e-4, 1e-5)),
  GPT2_1558M("gpt2-1558m", shape(48, 25, 1600, 1024), published(1.2e-4, 6e-6));

  private static final Settings COMMON =
      Settings.NONE
          .with("tied-head", true)
          .with("recompute", "none")
          .with("optimizer", NamedOptimizer.ADAMW.word)
          .with("clip", 1.0)
          .with("schedule", "cosine")
          .with("dtype", "fp32")
          .with("rounding", "nearest")
          .with("seed", 1337L)
          .with("device", "auto")
          .with("threads", 0L);

  final String word;
  private final Settings shape;
  private final Settings recipe;

  Preset(String word, Settings shape, Settings recipe) {
    this.word = word;
    this.shape = shape;
    this.recipe = recipe;
  }

  static Preset named(String word) {
    return Arrays.stream(values())
        .filter(preset -> preset.word.equals(word))
        .findFirst()
        .orElseThrow();
  }

  static List<String> words() {
    return Arrays.stream(values()).map(preset -> preset.word).toList();
  }

  /// Of weights that are not rounded.
  private static void refuseRounding(Settings all) {
    if (all.rounding() == Rounding.NEAREST || all.dtype() == DType.BF16) return;
    throw new InvalidArgument("--rounding stochastic goes with --dtype bf16");
  }

  /// Its settings with those `given` on the command line. What was not given, but counts steps, is
  /// made to fit the steps that were; rates and decays fit the optimizer; the last rate keeps its
  /// ratio to the highest, to seven digits. Throws where something is given that the optimizer has
  /// no use for.
  Settings with(Settings given) {
    var optimizer = NamedOptimizer.of(given);
    optimizer.refuseOthers(given);
    refuseRounding(COMMON.with(given));
    double published = recipe.number("lr");
    double rate = given.has("lr") ? given.number("lr") : optimizer.rate(published);
    var all =
        shape
            .with(COMMON)
            .with(recipe)
            .with(optimizer.defaults())
            .with("lr", rate)
            .with("min-lr", NamedOptimizer.decimal(recipe.number("min-lr") * (rate / published)))
            .with(given);
    long steps = all.whole("steps");
    return all.with("warmup", Math.min(all.whole("warmup"), steps / 10))
        .with("decay", steps / 5)
        .with("evaluate-every", Math.max(1, Math.min(steps / 10, all.whole("evaluate-every"))))
        .with("checkpoint-every", Math.max(1, Math.min(steps / 2, all.whole("checkpoint-every"))))
        .with(given);
  }

  private static Settings shape(long layers, long heads, long width, long context) {
    return Settings.NONE
        .with("layers", layers)
        .with("heads", heads)
        .with("width", width)
        .with("context", context);
  }

  private static Settings own(
      long steps, long batch, long accumulate, double rate, long evaluateBatches) {
    return Settings.NONE
        .with("bias", true)
        .with("scale-by-layer", false)
        .with("tokenizer", "bytes")
        .with("steps", steps)
        .with("batch", batch)
        .with("accumulate", accumulate)
        .with("lr", rate)
        .with("min-lr", 0.0)
        .with("warmup", 100L)
        .with("evaluate-every", 400L)
        .with("evaluate-batches", evaluateBatches)
        .with("checkpoint-every", 800L);
  }

  private static Settings published(double rate, double least) {
    return Settings.NONE
        .with("bias", false)
        .with("scale-by-layer", true)
        .with("tokenizer", "gpt2")
        .with("steps", 100_000L)
        .with("batch", 4L)
        .with("accumulate", 120L)
        .with("lr", rate)
        .with("min-lr", least)
        .with("warmup", 2000L)
        .with("evaluate-every", 1000L)
        .with("evaluate-batches", 16L)
        .with("checkpoint-every", 1000L);
  }
}
