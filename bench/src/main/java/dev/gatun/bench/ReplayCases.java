package dev.gatun.bench;

import java.util.List;

/// The largest steps replayed and by the C program, in turns of a step each; and the C program
/// twice, which says how much is the machine. Bounds are of these processes' rounds: others may lie
/// elsewhere in memory, and differ by more.
final class ReplayCases {
  private static final int ROUNDS = 100;
  private static final int FEW_ROUNDS = 10;

  private ReplayCases() {}

  static List<Case> of(Run run) {
    if (run.quick()) return List.of(of(run, Net.TINY_GPT, 2));
    return List.of(
        of(run, "gpt2-124m", 380),
        of(run, "gpt2-124m" + Net.IN_BF16, 250),
        of(run, "gpt2-124m" + Net.IN_BF16 + Net.BY_CHANCE, 250));
  }

  private static Case of(Run run, String net, double seconds) {
    return new Case("replays " + net, seconds, () -> measure(run, net));
  }

  private static void measure(Run run, String net) throws Exception {
    int threads = run.threadsFor(net);
    try (var device = run.open(threads);
        var step = new Step(device, net)) {
      step.prepare();
      try (var program = new WrittenProgram(step, run.backend(), threads)) {
        program.requireSameBits(step);
        run.rows().add(row(net, times(run, step, program)));
      }
      step.requireSensible();
    }
  }

  private static Turns.Times times(Run run, Step step, WrittenProgram program) throws Exception {
    return new Turns()
        .with("c", program.started())
        .with("replay", step::replay)
        .with("another c", program.started())
        .times(run.quick() ? FEW_ROUNDS : ROUNDS, 1);
  }

  private static Row row(String net, Turns.Times times) {
    var row = Row.of(Subject.replays, net).with("rounds", times.rounds());
    row.with("c_us", times.of("c")).with("replay_us", times.of("replay"));
    compare(row, "replay", times);
    compare(row, "another c", times);
    return row;
  }

  /// Per cent over the C program, and what the rounds leave open.
  private static void compare(Row row, String name, Turns.Times times) {
    var key = name.replace(' ', '_') + "_percent";
    var open = times.ratioWithin(name, "c");
    row.with(key, percent(times.ratio(name, "c")));
    row.with(key + "_least", percent(open.least())).with(key + "_most", percent(open.most()));
  }

  private static double percent(double ratio) {
    return 100 * (ratio - 1);
  }
}
