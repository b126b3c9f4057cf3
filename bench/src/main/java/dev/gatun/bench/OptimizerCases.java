package dev.gatun.bench;

import dev.gatun.memory.Device;
import dev.gatun.tensor.DType;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// A step of each optimizer over random weights and gradients in fp32, clipping included; Sophia's
/// without a refresh of its curvature. In turns, so that none has warmer pages than the others.
final class OptimizerCases {
  private static final List<String> NAMES = List.of("adamw", "sophia", "lion");

  /// Arrays that a step reads or writes: weights, state, and gradients twice, for their norm.
  private static final Map<String, Integer> ARRAYS = Map.of("adamw", 8, "sophia", 7, "lion", 6);

  private static final long WEIGHTS = 124_475_904;
  private static final long QUICK_WEIGHTS = 4096;
  private static final long CHECKED = 1000;
  private static final double ALLOWED = 1e-5;
  private static final int ROUNDS = 9;

  private OptimizerCases() {}

  static List<Case> of(Run run) {
    var ceilings = new Ceilings(run);
    return List.of(
        ceilings.measured(Subject.optimizers),
        new Case("optimizers", run.quick() ? 0.1 : 14, () -> measure(run, ceilings)));
  }

  private static void measure(Run run, Ceilings ceilings) {
    long weights = run.quick() ? QUICK_WEIGHTS : WEIGHTS;
    try (var device = run.open()) {
      NAMES.forEach(name -> requireSameInFp64(device, name));
      for (var entry : turns(device, weights).entrySet()) {
        var row = Row.of(Subject.optimizers, entry.getKey()).with("weights", weights);
        double bytes = (double) ARRAYS.get(entry.getKey()) * Float.BYTES * weights;
        run.rows().add(ceilings.rated(row, Timing.median(entry.getValue()), bytes, 0));
      }
    }
  }

  private static Map<String, double[]> turns(Device device, long count) {
    var times = new LinkedHashMap<String, double[]>();
    NAMES.forEach(name -> times.put(name, new double[ROUNDS]));
    try (var memory = device.scope()) {
      var weights = new RandomWeights(memory, count, DType.F32);
      var optimizers = NAMES.stream().map(weights::optimizer).toList();
      optimizers.forEach(weights::step);
      for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < NAMES.size(); i++) {
          var optimizer = optimizers.get(i);
          times.get(NAMES.get(i))[round] = Timing.median(1, () -> weights.step(optimizer));
        }
      }
    }
    return times;
  }

  private static void requireSameInFp64(Device device, String name) {
    try (var memory = device.scope()) {
      var found = moved(new RandomWeights(memory, CHECKED, DType.F32), name);
      var right = moved(new RandomWeights(memory, CHECKED, DType.F64), name);
      for (int i = 0; i < right.length; i++) {
        if (Math.abs(found[i] - right[i]) <= ALLOWED * (1 + Math.abs(right[i]))) continue;
        throw new BenchFailure("%s: weight %d is %g, not %g", name, i, found[i], right[i]);
      }
    }
  }

  private static double[] moved(RandomWeights weights, String name) {
    weights.step(weights.optimizer(name));
    return weights.weights();
  }
}
