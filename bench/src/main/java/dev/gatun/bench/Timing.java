package dev.gatun.bench;

import java.util.Arrays;

/// Times of work that is done again and again.
final class Timing {
  private static final int BATCHES = 7;
  private static final int FEW_BATCHES = 3;

  private Timing() {}

  /// The median of the microseconds that each of `count` runs takes.
  static double median(int count, Runnable work) {
    var taken = new double[count];
    for (int i = 0; i < count; i++) {
      long start = System.nanoTime();
      work.run();
      taken[i] = (System.nanoTime() - start) * 1e-3;
    }
    return median(taken);
  }

  static double median(double... values) {
    var sorted = values.clone();
    Arrays.sort(sorted);
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }

  /// How many runs fit into `seconds`, `least` at any rate; they have been warmed as long.
  static int fitting(double seconds, int least, int most, Runnable work) {
    long start = System.nanoTime();
    long runs = 0;
    while (runs < 2 || runs < most && (System.nanoTime() - start) * 1e-9 < seconds) {
      work.run();
      runs++;
    }
    return Math.clamp(runs, least, most);
  }

  /// Microseconds a run, as the median of batches that together take about `seconds` and end with
  /// `settle`: for work that is short, or does not wait for itself.
  static double batched(double seconds, Runnable work, Runnable settle) {
    int fit = fitting(seconds / 2, 1, 1 << 20, work);
    settle.run();
    int batches = fit < BATCHES ? FEW_BATCHES : BATCHES;
    int each = Math.max(1, fit * 2 / batches);
    double batch = median(batches, () -> repeat(each, work, settle));
    return batch / each;
  }

  private static void repeat(int times, Runnable work, Runnable settle) {
    for (int i = 0; i < times; i++) work.run();
    settle.run();
  }
}
