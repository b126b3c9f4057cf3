package dev.gatun.optim;

import dev.gatun.InvalidArgument;

/// A learning rate as a function of the step, counted from 0.
@FunctionalInterface
public interface Schedule {
  /// The rate of a step; steps past the end of a schedule keep its last rate.
  double at(long step);

  /// The same rate at every step.
  static Schedule constant(double rate) {
    requireRate("rate", rate);
    return _ -> rate;
  }

  /// Linear warm-up, then half a cosine from peak to floor, as nanoGPT has it.
  ///
  /// ```
  /// step < warmup            peak · (step + 1) / (warmup + 1)
  /// warmup ≤ step < total    floor + (peak - floor) · (1 + cos(π t)) / 2
  /// total ≤ step             floor
  ///
  /// t = (step - warmup) / (total - warmup)
  /// ```
  static Schedule warmupCosine(long warmup, long total, double peak, double floor) {
    requireSteps(warmup, 0, total);
    requireRates(peak, floor);
    return step -> {
      if (step < warmup) return warming(step, warmup, peak);
      if (step >= total) return floor;
      double t = (double) (step - warmup) / (total - warmup);
      return floor + (peak - floor) * (1 + Math.cos(Math.PI * t)) / 2;
    };
  }

  /// Linear warm-up, a stable stretch at the peak, then a decay by 1 - √t over the last `decay`
  /// steps (Hägele and others 2024, arXiv 2405.18392, who found it better than a linear one).
  ///
  /// ```
  /// step < warmup                    peak · (step + 1) / (warmup + 1)
  /// warmup ≤ step < total - decay    peak
  /// total - decay ≤ step < total     floor + (peak - floor) · (1 - √t)
  /// total ≤ step                     floor
  ///
  /// t = (step - (total - decay)) / decay
  /// ```
  static Schedule warmupStableDecay(
      long warmup, long total, long decay, double peak, double floor) {
    requireSteps(warmup, decay, total);
    requireRates(peak, floor);
    return step -> {
      if (step < warmup) return warming(step, warmup, peak);
      if (step < total - decay) return peak;
      if (step >= total) return floor;
      double t = (double) (step - (total - decay)) / decay;
      return floor + (peak - floor) * (1 - Math.sqrt(t));
    };
  }

  private static double warming(long step, long warmup, double peak) {
    return peak * (step + 1) / (warmup + 1);
  }

  private static void requireSteps(long warmup, long decay, long total) {
    if (warmup < 0 || decay < 0 || warmup + decay > total) {
      throw new InvalidArgument(
          "a schedule of %d steps has no room for %d of warm-up and %d of decay"
              .formatted(total, warmup, decay));
    }
  }

  private static void requireRates(double peak, double floor) {
    requireRate("peak", peak);
    requireRate("floor", floor);
    if (floor > peak) {
      throw new InvalidArgument("floor %s lies above peak %s".formatted(floor, peak));
    }
  }

  private static void requireRate(String name, double rate) {
    if (!(rate >= 0 && rate < Double.POSITIVE_INFINITY)) {
      throw new InvalidArgument(
          "%s is %s; it must be a finite number, zero or more".formatted(name, rate));
    }
  }
}
