package dev.gatun.tool;

import dev.gatun.InvalidArgument;
import dev.gatun.nn.Gpt;
import dev.gatun.optim.AdamW;
import dev.gatun.optim.Lion;
import dev.gatun.optim.Sophia;
import dev.gatun.train.Batches;
import dev.gatun.train.CurvatureRefresh;
import dev.gatun.train.Trainer;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.Collectors;

/// Optimizers by the names that `train` has for them, each with the numbers it is used with.
///
/// Presets name AdamW's learning rates. Sophia's authors advise one slightly below it and twice its
/// decay. Lion's is a fifth, as in the Sophia paper's comparison (figure 9: 6e-5 beside 3e-4), and
/// its decay five times, since a rate scales the decay too.
enum NamedOptimizer {
  ADAMW("adamw", 1, adamW(AdamW.Config.DEFAULTS)),
  SOPHIA_H("sophia-h", 1.25, sophia(Sophia.Config.HUTCHINSON, CurvatureRefresh.Plan.HUTCHINSON)),
  SOPHIA_G("sophia-g", 1.25, sophia(Sophia.Config.BARTLETT, CurvatureRefresh.Plan.BARTLETT)),
  LION("lion", 5, lion(Lion.Config.DEFAULTS));

  final String word;
  private final double slower;
  private final Settings defaults;

  NamedOptimizer(String word, double slower, Settings defaults) {
    this.word = word;
    this.slower = slower;
    this.defaults = defaults;
  }

  static NamedOptimizer named(String word) {
    return Arrays.stream(values()).filter(each -> each.word.equals(word)).findFirst().orElseThrow();
  }

  /// That of some settings; AdamW where they name none.
  static NamedOptimizer of(Settings settings) {
    return settings.has("optimizer") ? named(settings.text("optimizer")) : ADAMW;
  }

  static String[] words() {
    return Arrays.stream(values()).map(each -> each.word).toArray(String[]::new);
  }

  /// Says what each of them has; those that have nothing are left out.
  static String each(Function<NamedOptimizer, Object> value) {
    return Arrays.stream(values())
        .filter(each -> value.apply(each) != null)
        .map(each -> each.word + " " + shortened(value.apply(each)))
        .collect(Collectors.joining(", "));
  }

  private static String shortened(Object value) {
    return value instanceof Number number ? shortened(number) : value.toString();
  }

  private static String shortened(Number number) {
    return new BigDecimal(number.doubleValue())
        .round(new MathContext(3))
        .stripTrailingZeros()
        .toPlainString();
  }

  /// The highest learning rate where AdamW would have `rate`.
  double rate(double rate) {
    return decimal(rate / slower);
  }

  /// A number that people read: without the last bits, which a quotient of decimals has wrong.
  static double decimal(double number) {
    if (!Double.isFinite(number)) return number; // for those to refuse who know what it is for
    return BigDecimal.valueOf(number).round(MathContext.DECIMAL32).doubleValue();
  }

  Settings defaults() {
    return defaults;
  }

  /// Throws [InvalidArgument] where a setting is given that only others have.
  void refuseOthers(Settings given) {
    for (var name : given.values().keySet()) {
      var owners = Arrays.stream(values()).filter(each -> each.defaults.has(name)).toList();
      if (owners.isEmpty() || owners.contains(this)) continue;
      throw new InvalidArgument(
          "--%s goes with --optimizer %s, not with %s".formatted(name, words(owners), word));
    }
  }

  private static String words(List<NamedOptimizer> some) {
    return some.stream().map(each -> each.word).collect(Collectors.joining(" or "));
  }

  /// Makes the trainer of a run.
  @FunctionalInterface
  interface Trainers {
    Trainer of(Gpt gpt, Batches batches);
  }

  /// Trainers by these settings; throws at once where there can be none.
  Trainers trainers(Settings settings) {
    var schedule = settings.schedule();
    int accumulate = settings.size("accumulate");
    return switch (this) {
      case ADAMW -> {
        var config = settings.adamW();
        yield (gpt, batches) ->
            new Trainer(gpt, new AdamW(gpt.parameters(), config), schedule, batches, accumulate);
      }
      case LION -> {
        var config = settings.lion();
        yield (gpt, batches) ->
            new Trainer(gpt, new Lion(gpt.parameters(), config), schedule, batches, accumulate);
      }
      case SOPHIA_H, SOPHIA_G -> {
        var config = settings.sophia();
        var plan = settings.refreshes();
        long seed = settings.whole("seed");
        yield (gpt, batches) -> {
          var sophia = new Sophia(gpt.parameters(), config);
          var refresh =
              this == SOPHIA_H
                  ? CurvatureRefresh.hutchinson(gpt, sophia, plan, seed)
                  : CurvatureRefresh.bartlett(gpt, sophia, plan, seed);
          return new Trainer(gpt, refresh, schedule, batches, accumulate);
        };
      }
    };
  }

  private static Settings adamW(AdamW.Config config) {
    return means(config.beta1(), config.beta2(), config.weightDecay());
  }

  private static Settings lion(Lion.Config config) {
    return means(config.beta1(), config.beta2(), config.weightDecay());
  }

  private static Settings sophia(Sophia.Config config, CurvatureRefresh.Plan plan) {
    return means(config.beta1(), config.beta2(), config.weightDecay())
        .with("gamma", config.gamma())
        .with("curvature-every", plan.every())
        .with("curvature-share", plan.share())
        .with("curvature-order", plan.order().name().toLowerCase(Locale.ROOT));
  }

  private static Settings means(double beta1, double beta2, double weightDecay) {
    return Settings.NONE
        .with("weight-decay", weightDecay)
        .with("beta1", beta1)
        .with("beta2", beta2);
  }
}
