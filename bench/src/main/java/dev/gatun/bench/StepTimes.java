package dev.gatun.bench;

import java.util.function.ToDoubleFunction;

/// Times of a step in rounds: each has some steps of the C program, some by Java op by op and some
/// replayed, so that what else the machine does meets them alike; each round begins with another of
/// them. Differences are taken within rounds, and their median over rounds.
final class StepTimes {
  private static final int ROUNDS = 7;
  private static final int FEW_ROUNDS = 3;
  private static final double ROUND_SECONDS = 0.8;
  private static final double QUICK_SECONDS = 0.05;
  private static final int LEAST = 5;
  private static final int WARM = 10_000;
  private static final int MOST = 20_000;
  private static final double SLOW = 1e5;

  private final Run run;
  private final Step step;
  private final WrittenProgram program;

  /// Microseconds of one round.
  private record Round(double c, double eager, double replay) {}

  StepTimes(Run run, Step step, WrittenProgram program) {
    this.run = run;
    this.step = step;
    this.program = program;
  }

  Row measured(String net, JavaShare.Share share) throws Exception {
    double seconds = run.quick() ? QUICK_SECONDS : ROUND_SECONDS;
    if (Net.isTiny(net) && !run.quick()) warm();
    Timing.fitting(seconds, LEAST, MOST, step::eager);
    int steps = Timing.fitting(seconds, LEAST, MOST, step::replay);
    var rounds = rounds(steps);
    var row = Row.of(Subject.steps, net).with("steps", steps).with("rounds", rounds.length);
    row.with("c_us", median(rounds, Round::c));
    row.with("eager_us", median(rounds, Round::eager));
    row.with("replay_us", median(rounds, Round::replay));
    row.with("eager_minus_c_us", median(rounds, round -> round.eager - round.c));
    row.with("replay_minus_c_us", median(rounds, round -> round.replay - round.c));
    row.with("eager_percent", median(rounds, round -> 100 * (round.eager / round.c - 1)));
    row.with("replay_percent", median(rounds, round -> 100 * (round.replay / round.c - 1)));
    row.with("java_eager_us", share.eager()).with("java_replay_us", share.replay());
    row.with("eager_bytes", Garbage.of(steps, step::eager));
    row.with("replay_bytes", Garbage.of(steps, step::replay));
    return row.with("calls", step.recording().calls());
  }

  /// By number, since the JIT counts calls and a busy machine makes few of them in a second.
  private void warm() {
    for (int i = 0; i < WARM; i++) step.eager();
  }

  private Round[] rounds(int steps) throws Exception {
    boolean slow = run.quick() || program.microseconds(LEAST) > SLOW;
    var rounds = new Round[slow ? FEW_ROUNDS : ROUNDS];
    for (int i = 0; i < rounds.length; i++) rounds[i] = round(i, steps);
    return rounds;
  }

  private Round round(int number, int steps) throws Exception {
    var taken = new double[3];
    for (int turn = 0; turn < taken.length; turn++) {
      int who = (number + turn) % taken.length;
      taken[who] =
          switch (who) {
            case 0 -> program.microseconds(steps);
            case 1 -> Timing.median(steps, step::eager);
            default -> Timing.median(steps, step::replay);
          };
    }
    return new Round(taken[0], taken[1], taken[2]);
  }

  private static double median(Round[] rounds, ToDoubleFunction<Round> value) {
    var values = new double[rounds.length];
    for (int i = 0; i < values.length; i++) values[i] = value.applyAsDouble(rounds[i]);
    return Timing.median(values);
  }
}
