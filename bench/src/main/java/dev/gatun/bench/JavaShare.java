package dev.gatun.bench;

import java.util.ArrayList;

/// What Java takes of a step, timed in a process of its own over [EmptyKernels].
final class JavaShare {
  /// Enough for the JIT, however busy the machine is.
  private static final int WARM = 20_000;

  private static final int COUNTED = 5_000;
  private static final int QUICK = 100;

  private JavaShare() {}

  /// Microseconds of Java's in a step, op by op and replayed.
  record Share(double eager, double replay) {}

  static Share of(Run run, String net, EmptyKernels empty) throws Exception {
    var options = new ArrayList<>(run.forkOptions());
    options.add("-Dgatun.library.path=" + empty.folder());
    var quick = Boolean.toString(run.quick());
    var command = Shell.java(JavaShare.class, options, run.backend(), net, quick);
    var numbers = Shell.said(empty.folder(), command).split(" ");
    return new Share(Double.parseDouble(numbers[0]), Double.parseDouble(numbers[1]));
  }

  public static void main(String[] words) {
    var run = new Run(words[0], 1, Boolean.parseBoolean(words[2]), null);
    try (var device = run.open();
        var step = new Step(device, words[1])) {
      System.out.println(median(run, step::eager) + " " + median(run, step::replay));
    }
  }

  private static double median(Run run, Runnable work) {
    for (int i = 0; i < (run.quick() ? QUICK : WARM); i++) work.run();
    return Timing.median(run.quick() ? QUICK : COUNTED, work);
  }
}
