package dev.gatun.bench;

import java.util.function.LongSupplier;

/// Runs of a work before it is timed, until for two seconds none has become faster: where the
/// machine is busy code waits as long for the last of the JIT's compilers, at a speed that looks
/// steady. A step of nine linears takes 25 µs of Java's after 1,000 runs and after 20,000, and 4
/// after 100,000.
final class WarmUp {
  private static final int BATCH = 500;
  private static final long QUIET_NANOSECONDS = 2_000_000_000;

  /// What a batch's median must fall below, of the least one so far, to be faster.
  private static final double FASTER = 0.98;

  private final LongSupplier clock;

  /// By a clock of nanoseconds.
  WarmUp(LongSupplier clock) {
    this.clock = clock;
  }

  /// By that of the machine.
  static void untilSteady(Runnable work) {
    new WarmUp(System::nanoTime).run(work);
  }

  void run(Runnable work) {
    double least = Double.POSITIVE_INFINITY;
    long since = clock.getAsLong();
    while (clock.getAsLong() - since < QUIET_NANOSECONDS) {
      double median = batch(work);
      if (median >= FASTER * least) continue;
      least = median;
      since = clock.getAsLong();
    }
  }

  private double batch(Runnable work) {
    var taken = new double[BATCH];
    for (int i = 0; i < BATCH; i++) {
      long start = clock.getAsLong();
      work.run();
      taken[i] = clock.getAsLong() - start;
    }
    return Timing.median(taken);
  }
}
