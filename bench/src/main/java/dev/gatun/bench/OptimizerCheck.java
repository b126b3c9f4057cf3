package dev.gatun.bench;

import dev.gatun.laws.Bf16;
import dev.gatun.memory.Device;
import dev.gatun.memory.Scope;
import dev.gatun.nn.Rounding;
import dev.gatun.tensor.DType;
import java.util.Arrays;

/// Holds a step to the same in fp64: each weight, where it or its master is fp32, and each that has
/// a master to its rounding; where bf16 weights are rounded up by chance, which is further than a
/// step moves most, how far all move together.
final class OptimizerCheck {
  private static final long WEIGHTS = 4096;
  private static final double ALLOWED = 1e-7;

  /// Chance leaves a hundredth of so many steps of 1e-4 by weights of 0.02.
  private static final double ALLOWED_TOGETHER = 0.05;

  private OptimizerCheck() {}

  /// Weights before a step and behind it, and what is stored of these.
  private record Moved(double[] before, double[] after, double[] stored) {
    static Moved of(Scope memory, String optimizer, DType type, Rounding rounding) {
      var weights = new RandomWeights(memory, WEIGHTS, type, rounding);
      var before = weights.weights();
      weights.step(weights.optimizer(optimizer));
      return new Moved(before, weights.weights(), weights.stored());
    }

    double[] by() {
      var by = after.clone();
      for (int i = 0; i < by.length; i++) by[i] -= before[i];
      return by;
    }
  }

  static void require(Device device, String optimizer, DType type, Rounding rounding) {
    try (var memory = device.scope()) {
      var found = Moved.of(memory, optimizer, type, rounding);
      var right = Moved.of(memory, optimizer, DType.F64, Rounding.NEAREST);
      if (rounding == Rounding.STOCHASTIC) {
        requireTogether(optimizer, found.by(), right.by());
        return;
      }
      requireEach(optimizer, found.after(), right.after());
      if (type == DType.BF16) requireEach(optimizer, found.stored(), nearest(found.after()));
    }
  }

  private static double[] nearest(double[] masters) {
    return Arrays.stream(masters).map(Bf16::nearest).toArray();
  }

  static void requireEach(String optimizer, double[] found, double[] right) {
    for (int i = 0; i < right.length; i++) {
      if (Math.abs(found[i] - right[i]) <= ALLOWED * (1 + Math.abs(right[i]))) continue;
      throw new BenchFailure("%s: weight %d is %g, not %g", optimizer, i, found[i], right[i]);
    }
  }

  /// How far the moves found go along the right ones.
  static void requireTogether(String optimizer, double[] found, double[] right) {
    double along = dot(found, right) / dot(right, right);
    if (Math.abs(along - 1) <= ALLOWED_TOGETHER) return;
    throw new BenchFailure("%s moves weights %.3f of the way", optimizer, along);
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) sum += a[i] * b[i];
    return sum;
  }
}
