package dev.gatun.tool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/// Presets are complete, and GPT-2's carry the published shapes and recipes.
class PresetTest {
  @ParameterizedTest
  @EnumSource(Preset.class)
  void aPresetHasAValueForEverySettingThatARunNeeds(Preset preset) {
    var settings = preset.with(Settings.NONE);
    for (var setting : Setting.ALL) {
      var value = settings.values().get(setting.name());
      assertTrue(value == null ? !setting.required() : setting.takes(value), setting.name());
    }
    settings.shape(256);
    settings.optimizer().trainers(settings);
  }

  /// Parameters with GPT-2's vocabulary, all matrices, embeddings and norms, without biases.
  @ParameterizedTest
  @CsvSource({
    "gpt2-124m, 12, 12, 768, 124337664, 6e-4, 3e-5",
    "gpt2-355m, 24, 16, 1024, 354551808, 3e-4, 6e-5",
    "gpt2-774m, 36, 20, 1280, 773521920, 2e-4, 1e-5",
    "gpt2-1558m, 48, 25, 1600, 1556764800, 1.2e-4, 6e-6",
  })
  void gpt2HasThePublishedShapeAndRecipe(
      String word, long layers, long heads, long width, long parameters, double lr, double least) {
    var settings = Preset.named(word).with(Settings.NONE);
    assertEquals(layers, settings.whole("layers"));
    assertEquals(heads, settings.whole("heads"));
    assertEquals(width, settings.whole("width"));
    assertEquals(parameters, settings.shape(50257).parameterCount());
    assertEquals(lr, settings.number("lr"));
    assertEquals(least, settings.number("min-lr"));
    assertEquals(480 * 1024, tokensPerStep(settings));
    assertEquals(100_000, settings.whole("steps"));
    assertEquals(2000, settings.whole("warmup"));
    assertEquals("cosine", settings.text("schedule"));
    assertEquals(0.1, settings.number("weight-decay"));
    assertEquals(0.9, settings.number("beta1"));
    assertEquals(0.95, settings.number("beta2"));
    assertEquals(1.0, settings.number("clip"));
  }

  @Test
  void theSmallestGpt2HasFourteenMillionParameters() {
    var shape = Preset.GPT2_14M.with(Settings.NONE).shape(8192);
    assertEquals(14e6, shape.parameterCount(), 0.5e6);
  }

  @Test
  void fewerStepsShrinkWhatCountsStepsUnlessItWasGiven() {
    var settings = Preset.GPT2_124M.with(Settings.NONE.with("steps", 50L).with("decay", 3L));
    assertEquals(5, settings.whole("warmup"));
    assertEquals(5, settings.whole("evaluate-every"));
    assertEquals(25, settings.whole("checkpoint-every"));
    assertEquals(3, settings.whole("decay"));
  }

  @Test
  void anotherRateTakesTheLeastWithIt() {
    var settings = Preset.GPT2_774M.with(Settings.NONE.with("lr", 2e-5));
    assertEquals(1e-6, settings.number("min-lr"));
  }

  /// Rates by the preset's for AdamW, 6e-4 to 3e-5.
  @ParameterizedTest
  @CsvSource({
    "adamw, 6e-4, 3e-5, 0.1, 0.9, 0.95, , , ",
    "sophia-h, 4.8e-4, 2.4e-5, 0.2, 0.96, 0.99, 0.01, 10, 0.0666667",
    "sophia-g, 4.8e-4, 2.4e-5, 0.2, 0.96, 0.99, 0.05, 10, 0.5",
    "lion, 1.2e-4, 6e-6, 0.5, 0.95, 0.98, , , ",
  })
  void eachOptimizerHasItsOwnNumbers(
      String word,
      double rate,
      double least,
      double decay,
      double beta1,
      double beta2,
      Double gamma,
      Long every,
      Double share) {
    var settings = Preset.GPT2_124M.with(Settings.NONE.with("optimizer", word));
    assertEquals(word, settings.optimizer().word);
    assertEquals(rate, settings.number("lr"));
    assertEquals(least, settings.number("min-lr"));
    assertEquals(decay, settings.number("weight-decay"));
    assertEquals(beta1, settings.number("beta1"));
    assertEquals(beta2, settings.number("beta2"));
    assertEquals(gamma, settings.values().get("gamma"));
    assertEquals(every, settings.values().get("curvature-every"));
    assertEquals(share != null, settings.has("curvature-share"));
    if (share != null) assertEquals(share, settings.number("curvature-share"), 1e-6);
    settings.optimizer().trainers(settings);
  }

  /// A rate is a decimal of few digits, as people write it.
  @ParameterizedTest
  @EnumSource(Preset.class)
  void aRateIsAShortDecimal(Preset preset) {
    for (var word : NamedOptimizer.words()) {
      var settings = preset.with(Settings.NONE.with("optimizer", word));
      for (var name : List.of("lr", "min-lr")) {
        var text = Double.toString(settings.number(name));
        assertTrue(text.length() <= 7, preset + " " + word + " " + name + " " + text);
      }
    }
  }

  @Test
  void whatIsGivenStandsWhateverTheOptimizer() {
    var given = Settings.NONE.with("optimizer", "sophia-h").with("lr", 1e-3).with("gamma", 0.5);
    given = given.with("clip", 0.75).with("weight-decay", 0.3).with("beta1", 0.8);
    var settings = Preset.GPT2_124M.with(given.with("beta2", 0.9));
    assertEquals(1e-3, settings.number("lr"));
    assertEquals(5e-5, settings.number("min-lr"));
    assertEquals(0.5, settings.sophia().gamma());
    assertEquals(0.8, settings.sophia().beta1());
    assertEquals(0.9, settings.sophia().beta2());
    assertEquals(0.3, settings.sophia().weightDecay());
    assertEquals(0.75, settings.sophia().maxNorm());
  }

  private static long tokensPerStep(Settings settings) {
    return settings.whole("accumulate") * settings.whole("batch") * settings.whole("context");
  }
}
