package dev.gatun.bench;

import dev.gatun.memory.Device;
import dev.gatun.tensor.DType;
import java.util.List;
import java.util.Map;

/// A step of each optimizer over random weights and gradients in fp32, without clipping, which is
/// the same for all; Sophia's without a refresh of its curvature. In turns.
final class OptimizerCases {
  private static final List<String> NAMES = List.of("adamw", "sophia", "lion");

  /// Arrays that a step reads or writes: weights, state and gradients.
  private static final Map<String, Integer> ARRAYS = Map.of("adamw", 7, "sophia", 6, "lion", 5);

  static final long WEIGHTS = 124_475_904;
  private static final long QUICK_WEIGHTS = 4096;
  private static final long CHECKED = 1000;
  private static final double ALLOWED = 1e-7;
  private static final int ROUNDS = 15;

  private OptimizerCases() {}

  static List<Case> of(Run run) {
    var ceilings = new Ceilings(run);
    return List.of(
        ceilings.measured(Subject.optimizers),
        new Case("optimizers", run.quick() ? 0.1 : 14, () -> measure(run, ceilings)));
  }

  private static void measure(Run run, Ceilings ceilings) throws Exception {
    long count = run.quick() ? QUICK_WEIGHTS : WEIGHTS;
    try (var device = run.open()) {
      NAMES.forEach(name -> requireSameInFp64(device, name));
      var weights = new RandomWeights(device.scope(), count, DType.F32);
      var turns = new Turns();
      for (var name : NAMES) {
        var optimizer = weights.optimizer(name);
        weights.step(optimizer);
        turns.with(name, () -> weights.step(optimizer));
      }
      var times = turns.times(ROUNDS, 1);
      for (var name : NAMES) {
        double bytes = (double) ARRAYS.get(name) * Float.BYTES * count;
        var row = Row.of(Subject.optimizers, name).with("weights", count);
        row.with("of_adamw", times.ratio(name, "adamw"));
        run.rows().add(ceilings.byMemory(row, times.of(name), bytes));
      }
    }
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
