package dev.gatun.bench;

import java.util.ArrayList;

/// What Java takes of a step, timed in a process of its own over [EmptyKernels], when it is steady.
final class JavaShare {
  private static final int COUNTED = 5_000;
  private static final int QUICK = 100;

  /// How many times the step its part may take, since the two are of processes with another heap
  /// and another collector.
  private static final double MOST = 1.1;

  private JavaShare() {}

  /// Microseconds of Java's in a step, op by op and replayed.
  record Share(double eager, double replay) {
    /// Fails where it is more than the whole step.
    void requirePartOf(double eagerStep, double replayedStep) {
      require("eager", eager, eagerStep);
      require("replayed", replay, replayedStep);
    }

    private static void require(String way, double part, double step) {
      if (part <= MOST * step) return;
      throw new BenchFailure(
          "%s: Java's own part takes %.3g µs, the whole step %.3g", way, part, step);
    }
  }

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
    if (run.quick()) return Timing.median(QUICK, work);
    WarmUp.untilSteady(work);
    return Timing.median(COUNTED, work);
  }
}
