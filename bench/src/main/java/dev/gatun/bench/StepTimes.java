package dev.gatun.bench;

import dev.gatun.tensor.DType;

/// Times of a step in turns: by the C program, by Java op by op, replayed; and, where it is made of
/// large ones, of its matrix products alone and of a copy: so fast was memory meanwhile.
final class StepTimes {
  private static final int ROUNDS = 15;
  private static final int FEW_ROUNDS = 3;
  private static final double ROUND_SECONDS = 0.4;
  private static final double QUICK_SECONDS = 0.05;
  private static final int MOST = 20_000;
  private static final long COPIED_BYTES = 256 << 20;

  /// By how much the slowest copy of a measurement must exceed the fastest for its rounds to fall
  /// into those of fast memory and others.
  private static final double APART = 1.3;

  private final Run run;
  private final Step step;

  StepTimes(Run run, Step step) {
    this.run = run;
    this.step = step;
  }

  Row measured(String net, WrittenProgram program, JavaShare.Share share) throws Exception {
    double seconds = run.quick() ? QUICK_SECONDS : ROUND_SECONDS;
    if (Net.isTiny(net) && !run.quick()) WarmUp.untilSteady(step::eager);
    Timing.fitting(seconds, 1, MOST, step::eager);
    int steps = Timing.fitting(seconds, 1, MOST, step::replay);
    var c = program.started();
    c.microseconds(2);
    var turns = new Turns().with("c", c).with("eager", step::eager);
    turns.with("replay", step::replay);
    if (!Net.isTiny(net)) turns.with("products", products(net)).with("copy", copy());
    var times = turns.times(run.quick() ? FEW_ROUNDS : ROUNDS, steps);
    var row = Row.of(Subject.steps, net).with("steps", steps).with("rounds", times.rounds());
    row.with("c_us", times.of("c"));
    row.with("eager_us", times.of("eager"));
    row.with("replay_us", times.of("replay"));
    row.with("eager_minus_c_us", times.difference("eager", "c"));
    row.with("replay_minus_c_us", times.difference("replay", "c"));
    row.with("eager_percent", 100 * (times.ratio("eager", "c") - 1));
    row.with("replay_percent", 100 * (times.ratio("replay", "c") - 1));
    if (!Net.isTiny(net)) besideProducts(row, times);
    withJavasPart(row, times, share);
    row.with("eager_bytes", Garbage.of(steps, step::eager));
    row.with("replay_bytes", Garbage.of(steps, step::replay));
    return row.with("calls", step.recording().calls());
  }

  /// Of a quick run, which is never steady, it may be more than the step.
  private void withJavasPart(Row row, Turns.Times times, JavaShare.Share share) {
    double eager = times.of("eager");
    double replay = times.of("replay");
    if (!run.quick()) share.requirePartOf(eager, replay);
    row.with("java_eager_us", share.eager()).with("java_replay_us", share.replay());
    row.with("java_eager_percent", 100 * share.eager() / eager);
    row.with("java_replay_percent", 100 * share.replay() / replay);
  }

  /// What the rest of a step takes depends on memory, whose speed can double from one second to the
  /// next where the machine is shared: hence also the ratio in the rounds of fast memory.
  private static void besideProducts(Row row, Turns.Times times) {
    row.with("products_us", times.of("products"));
    row.with("of_products", times.ratio("replay", "products")).with("copy_gbs", copied(times));
    double least = times.least("copy");
    double most = times.most("copy");
    if (most < APART * least) return;
    var fast = times.under("copy", (least + most) / 2);
    row.with("fast_rounds", fast.rounds()).with("fast_copy_gbs", copied(fast));
    row.with("fast_of_products", fast.ratio("replay", "products"));
  }

  /// Read and written, in GB/s.
  private static double copied(Turns.Times times) {
    return 2e-3 * COPIED_BYTES / times.of("copy");
  }

  private Runnable copy() {
    var memory = step.device().scope();
    var from = memory.bytes(COPIED_BYTES);
    var to = memory.bytes(COPIED_BYTES);
    var kernels = step.device().kernels();
    var stream = step.device().stream();
    kernels.fill(stream.handle(), from, COPIED_BYTES / Float.BYTES, 1.5, DType.F32.code());
    return () -> {
      kernels.copy(stream.handle(), to, from, COPIED_BYTES);
      stream.join();
    };
  }

  private Runnable products(String net) {
    var products = new StepProducts(step.device().scope(), Net.size(net));
    products.run();
    return products;
  }
}
