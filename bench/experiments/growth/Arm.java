package growth;

import java.util.ArrayList;
import java.util.List;

/// One way to a trained base model: what it grows from, how, and how it is trained then.
///
/// @param method as `grow` calls it; null for training from scratch
/// @param from the smaller model's size; null from scratch
/// @param smallSteps of the smaller model's training, decayed to its own end
/// @param rate the highest of the larger model's training
/// @param steps of that, decayed to their end
/// @param seed of all that is drawn
record Arm(String method, Size from, long smallSteps, double rate, long steps, long seed) {
  /// 16 windows of 64 bytes a step.
  static final int TOKENS_PER_STEP = 16 * 64;

  static final long STEPS = 1000, BRIEF = STEPS / 8;
  static final double RATE = 3e-3;

  static Arm scratch() {
    return new Arm(null, null, 0, RATE, STEPS, 1);
  }

  static Arm of(String method, Size from) {
    return new Arm(method, from, STEPS, RATE, STEPS, 1);
  }

  Arm withRate(double other) {
    return new Arm(method, from, smallSteps, other, steps, seed);
  }

  Arm withSteps(long other) {
    return new Arm(method, from, smallSteps, rate, other, seed);
  }

  Arm withSeed(long other) {
    return new Arm(method, from, smallSteps, rate, steps, other);
  }

  /// From a smaller model that is itself trained only briefly.
  Arm brief() {
    return new Arm(method, from, BRIEF, rate, steps, seed);
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
    return "%s-from-%s-steps%d-seed%d".formatted(method, from.word(), smallSteps, seed);
  }

  String name() {
    var start = isScratch() ? "scratch-seed" + seed : grownName();
    return "%s-lr%s-%d".formatted(start, rate, steps);
  }

  /// How it stands in tables.
  String words() {
    if (isScratch()) return "from scratch";
    return smallSteps == STEPS ? method : method + ", small model trained briefly";
  }

  List<String> smallOptions() {
    var all = new ArrayList<>(from.options());
    all.addAll(training(RATE, smallSteps));
    return all;
  }

  List<String> growOptions() {
    var all = new ArrayList<>(List.of("--method=" + method, "--device=cpu", "--threads=1"));
    all.addAll(Size.BASE.options());
    if (List.of("ligo", "bert2bert-fpi").contains(method)) all.add("--seed=" + seed);
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
