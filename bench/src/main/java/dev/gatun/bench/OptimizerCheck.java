package dev.gatun.bench;

import dev.gatun.laws.Bf16;
import dev.gatun.memory.Device;
import dev.gatun.memory.Scope;
import dev.gatun.nn.Rounding;
import dev.gatun.tensor.DType;
import java.util.Arrays;

/// Holds a step to the same in fp64: each weight, where it or its master is fp32, and each that has
/// a master to its rounding; where bf16 weights are rounded up by chance, which is further than a
/// step moves most, each to one of its two neighbours, and how far all move together.
final class OptimizerCheck {
  private static final double ALLOWED = 1e-7;

  /// Bits of a float that bf16 leaves out.
  private static final int CUT_OFF = 16;

  /// Chance leaves a hundredth of so many steps of 1e-4 by weights of 0.02.
  private static final double ALLOWED_TOGETHER = 0.05;

  private OptimizerCheck() {}

  /// Weights before a step and behind it, and what is stored of these.
  private record Moved(double[] before, double[] after, double[] stored) {
    static Moved of(Scope memory, long count, String optimizer, DType type, Rounding rounding) {
      var weights = new RandomWeights(memory, count, type, rounding);
      var before = weights.weights();
      weights.step(weights.optimizer(optimizer));
      return new Moved(before, weights.weights(), weights.stored());
    }

    double[] by() {
      var by = after.clone();
      for (int i = 0; i < by.length; i++) by[i] -= before[i];
      return by;
    }

    /// The weights before the step, moved as others were, whose start was not rounded.
    double[] movedAs(Moved others) {
      var moved = others.by();
      for (int i = 0; i < moved.length; i++) moved[i] += before[i];
      return moved;
    }
  }

  /// A step over `count` weights: as many as take all ways that a kernel has.
  static void require(Device device, long count, String optimizer, DType type, Rounding rounding) {
    try (var memory = device.scope()) {
      var found = Moved.of(memory, count, optimizer, type, rounding);
      var right = Moved.of(memory, count, optimizer, DType.F64, Rounding.NEAREST);
      requireMoved(optimizer, right.by());
      if (rounding == Rounding.STOCHASTIC) {
        requireNeighbours(optimizer, found.after(), found.movedAs(right));
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

  /// Or nothing would be right too.
  private static void requireMoved(String optimizer, double[] by) {
    if (Arrays.stream(by).filter(each -> each != 0).count() > by.length / 2) return;
    throw new BenchFailure("%s in fp64 leaves weights as they are", optimizer);
  }

  static void requireNeighbours(String optimizer, double[] found, double[] right) {
    for (int i = 0; i < right.length; i++) {
      double spacing = Math.ulp((float) right[i]) * (1 << CUT_OFF);
      if (Math.abs(found[i] - right[i]) <= spacing + ALLOWED) continue;
      throw new BenchFailure("%s: weight %d is %g, far from %g", optimizer, i, found[i], right[i]);
    }
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
