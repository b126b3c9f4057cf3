package dev.gatun.bench;

/// Times of a step in turns: by the C program, by Java op by op, replayed; and, where it is made of
/// large ones, of its matrix products alone.
final class StepTimes {
  private static final int ROUNDS = 15;
  private static final int FEW_ROUNDS = 3;
  private static final double ROUND_SECONDS = 0.4;
  private static final double QUICK_SECONDS = 0.05;
  private static final int MOST = 20_000;
  private static final int WARM = 10_000;

  private final Run run;
  private final Step step;

  StepTimes(Run run, Step step) {
    this.run = run;
    this.step = step;
  }

  Row measured(String net, WrittenProgram program, JavaShare.Share share) throws Exception {
    double seconds = run.quick() ? QUICK_SECONDS : ROUND_SECONDS;
    if (Net.isTiny(net) && !run.quick()) warm();
    Timing.fitting(seconds, 1, MOST, step::eager);
    int steps = Timing.fitting(seconds, 1, MOST, step::replay);
    program.microseconds(2);
    var turns = new Turns().with("c", program).with("eager", step::eager);
    turns.with("replay", step::replay);
    if (!Net.isTiny(net)) turns.with("products", products(net));
    var times = turns.times(run.quick() ? FEW_ROUNDS : ROUNDS, steps);
    var row = Row.of(Subject.steps, net).with("steps", steps).with("rounds", times.rounds());
    row.with("c_us", times.of("c"));
    row.with("eager_us", times.of("eager"));
    row.with("replay_us", times.of("replay"));
    row.with("eager_minus_c_us", times.difference("eager", "c"));
    row.with("replay_minus_c_us", times.difference("replay", "c"));
    row.with("eager_percent", 100 * (times.ratio("eager", "c") - 1));
    row.with("replay_percent", 100 * (times.ratio("replay", "c") - 1));
    if (!Net.isTiny(net)) {
      row.with("products_us", times.of("products"));
      row.with("of_products", times.ratio("replay", "products"));
    }
    row.with("java_eager_us", share.eager()).with("java_replay_us", share.replay());
    row.with("eager_bytes", Garbage.of(steps, step::eager));
    row.with("replay_bytes", Garbage.of(steps, step::replay));
    return row.with("calls", step.recording().calls());
  }

  /// By number, since the JIT counts calls and a busy machine makes few of them in a second.
  private void warm() {
    for (int i = 0; i < WARM; i++) step.eager();
  }

  private Runnable products(String net) {
    var products = new StepProducts(step.device().scope(), Net.size(net));
    products.run();
    return products;
  }
}
