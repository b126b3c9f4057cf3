package sophia;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// One training run of the experiment, by what `gatun train` is told beside the common options.
///
/// @param name of its folder and of its record
/// @param what it is, for the tables
/// @param optimizer as `train` calls it
/// @param rate the highest learning rate
/// @param steps in all; the schedule decays to 0 at the last
/// @param seed of weights and windows
/// @param others further options
record Trial(
    String name,
    String what,
    String optimizer,
    double rate,
    long steps,
    long seed,
    List<String> others) {
  /// 16 windows of 64 bytes a step: 2,048,000 tokens.
  static final long STEPS = 2000;

  static final int TOKENS_PER_STEP = 16 * 64;
  static final List<String> OPTIMIZERS = List.of("adamw", "sophia-h", "sophia-g");

  /// The model has 4 layers of width 128: 12 C² weights each and the head's 256 C are multiplied
  /// with every token, 6 FLOPs each; causal attention takes 6 T C a layer.
  static final double FLOPS_PER_TOKEN = 6.0 * (4 * 12 * 128 * 128 + 256 * 128) + 6.0 * 4 * 64 * 128;

  private static final long FIRST_SEED = 1;

  static Trial of(String optimizer, double rate) {
    var name = "%s-lr%s".formatted(optimizer, text(rate));
    return new Trial(name, "", optimizer, rate, STEPS, FIRST_SEED, List.of());
  }

  Trial withSeed(long other) {
    return new Trial(name + "-seed" + other, what, optimizer, rate, steps, other, others);
  }

  Trial withSteps(long other) {
    return new Trial(name + "-steps" + other, what, optimizer, rate, other, seed, others);
  }

  Trial refreshedEvery(long every) {
    return with("every" + every, "every " + every, "--curvature-every=" + every);
  }

  /// Nothing is clipped where gamma and the rate are a hundred million times as large, and decay as
  /// much smaller: m / (F gamma h) reaches the bound at 1 only where h is almost 0, or negative.
  Trial unclipped(double gamma, double decay) {
    double factor = 1e8;
    var large = new Trial(name, what, optimizer, rate * factor, steps, seed, others);
    return large.with(
        "unclipped",
        "unclipped",
        "--gamma=" + text(gamma * factor),
        "--weight-decay=" + text(decay / factor));
  }

  private Trial with(String suffix, String differs, String... options) {
    var all = new ArrayList<>(others);
    all.addAll(List.of(options));
    return new Trial(name + "-" + suffix, differs, optimizer, rate, steps, seed, all);
  }

  List<String> options() {
    var all =
        new ArrayList<>(
            List.of(
                "--preset=tiny",
                "--optimizer=" + optimizer,
                "--lr=" + text(rate),
                "--steps=" + steps,
                "--seed=" + seed,
                "--warmup=100",
                "--device=cpu",
                "--threads=1",
                "--evaluate-every=200",
                "--checkpoint-every=500"));
    all.addAll(others);
    return all;
  }

  static String text(double number) {
    return String.format(Locale.ROOT, "%.4g", number).replaceAll("\\.?0+(e|$)", "$1");
  }
}
