package growth;

import java.util.ArrayList;
import java.util.List;

/// One way to a trained base model: what it grows from, how, and how it is trained then.
///
/// @param method as `grow` calls it; null for training from scratch
/// @param noise that tells copies apart; 0 for none
/// @param from the smaller model's size; null from scratch
/// @param smallSteps of the smaller model's training, decayed to its own end
/// @param rate the highest of the larger model's training
/// @param steps of that, decayed to their end
/// @param seed of all that is drawn
record Arm(
    String method, double noise, Size from, long smallSteps, double rate, long steps, long seed) {
  /// 16 windows of 64 bytes a step.
  static final int TOKENS_PER_STEP = 16 * 64;

  static final long STEPS = 1000, BRIEF = STEPS / 8;
  static final double RATE = 3e-3;

  static Arm scratch() {
    return new Arm(null, 0, null, 0, RATE, STEPS, 1);
  }

  static Arm of(String method, Size from) {
    return new Arm(method, 0, from, STEPS, RATE, STEPS, 1);
  }

  Arm withRate(double other) {
    return new Arm(method, noise, from, smallSteps, other, steps, seed);
  }

  Arm withSteps(long other) {
    return new Arm(method, noise, from, smallSteps, rate, other, seed);
  }

  Arm withSeed(long other) {
    return new Arm(method, noise, from, smallSteps, rate, steps, other);
  }

  /// From a smaller model that is itself trained only briefly.
  Arm brief() {
    return new Arm(method, noise, from, BRIEF, rate, steps, seed);
  }

  /// With noise that tells copies apart.
  Arm noisy() {
    return new Arm(method, 0.32, from, smallSteps, rate, steps, seed);
  }

  boolean isScratch() {
    return method == null;
  }

  boolean isLearned() {
    return "ligo".equals(method);
  }

  /// Of the smaller model's run.
  String smallName() {
    return "small-%s-steps%d-seed%d".formatted(from.word(), smallSteps, seed);
  }

  /// Of the model grown from it, before it is trained.
  String grownName() {
    var how = noise == 0 ? method : method + "-noise" + noise;
    return "%s-from-%s-steps%d-seed%d".formatted(how, from.word(), smallSteps, seed);
  }

  String name() {
    var start = isScratch() ? "scratch-seed" + seed : grownName();
    return "%s-lr%s-%d".formatted(start, rate, steps);
  }

  /// How it stands in tables.
  String words() {
    if (isScratch()) return "from scratch";
    var how = noise == 0 ? method : method + " with noise";
    return smallSteps == STEPS ? how : how + ", small model trained briefly";
  }

  List<String> smallOptions() {
    var all = new ArrayList<>(from.options());
    all.addAll(training(RATE, smallSteps));
    return all;
  }

  List<String> growOptions() {
    var all = new ArrayList<>(List.of("--method=" + method, "--device=cpu", "--threads=1"));
    all.addAll(Size.BASE.options());
    boolean draws = List.of("ligo", "bert2bert-fpi").contains(method) || noise > 0;
    if (draws) all.add("--seed=" + seed);
    if (noise > 0) all.add("--noise=" + noise);
    return all;
  }

  List<String> options() {
    return training(rate, steps);
  }

  private List<String> training(double highest, long length) {
    return List.of(
        "--preset=tiny",
        "--lr=" + highest,
        "--steps=" + length,
        "--warmup=" + length / 20,
        "--seed=" + seed,
        "--device=cpu",
        "--threads=1",
        "--evaluate-every=100",
        "--checkpoint-every=500");
  }
}
