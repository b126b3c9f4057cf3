package dev.gatun.bench;

import dev.gatun.nn.Rounding;
import dev.gatun.optim.Sophia;
import dev.gatun.tensor.DType;
import java.util.List;
import java.util.Map;

/// A step of each optimizer over random weights and gradients, in fp32, and over weights in bf16
/// with masters and without. In fp32 also what is the same for all and no part of the step timed:
/// the norm to clip by, and a refresh of Sophia's curvature. In turns.
final class OptimizerCases {
  private static final List<String> NAMES = List.of("adamw", "sophia", "lion");

  /// Bytes a weight that a step reads or writes of state and gradients.
  private static final Map<String, Integer> STATE =
      Map.of("adamw", 5 * Float.BYTES, "sophia", 4 * Float.BYTES, "lion", 3 * Float.BYTES);

  private static final String NORM = "norm";
  private static final String REFRESH = "sophia's refresh";

  static final long WEIGHTS = 124_475_904;
  private static final long QUICK_WEIGHTS = 4096;

  /// Shared by threads, stored past the caches, and no multiple of what is stored at once.
  private static final long CHECKED_WEIGHTS = (4 << 20) + 64;
  private static final int ROUNDS = 15;

  private OptimizerCases() {}

  static List<Case> of(Run run) {
    var ceilings = new Ceilings(run);
    return List.of(
        ceilings.measured(Subject.optimizers),
        of(run, ceilings, Weights.IN_FP32, 18),
        of(run, ceilings, Weights.WITH_MASTERS, 15),
        of(run, ceilings, Weights.BY_CHANCE, 15));
  }

  /// How weights are stored, and the bytes of each that a step reads or writes, masters included.
  private enum Weights {
    IN_FP32("", DType.F32, Rounding.NEAREST, 2 * Float.BYTES),
    WITH_MASTERS(Net.IN_BF16, DType.BF16, Rounding.NEAREST, 2 * Float.BYTES + DType.BF16.bytes()),
    BY_CHANCE(Net.IN_BF16 + Net.BY_CHANCE, DType.BF16, Rounding.STOCHASTIC, 2 * DType.BF16.bytes());

    private final String suffix;
    private final DType type;
    private final Rounding rounding;
    private final int bytes;

    Weights(String suffix, DType type, Rounding rounding, int bytes) {
      this.suffix = suffix;
      this.type = type;
      this.rounding = rounding;
      this.bytes = bytes;
    }
  }

  private static Case of(Run run, Ceilings ceilings, Weights weights, double seconds) {
    return new Case(
        "optimizers" + weights.suffix,
        run.quick() ? 0.1 : seconds,
        () -> measure(run, ceilings, weights));
  }

  private static void measure(Run run, Ceilings ceilings, Weights stored) throws Exception {
    long count = run.quick() ? QUICK_WEIGHTS : WEIGHTS;
    long checked = run.quick() ? QUICK_WEIGHTS : CHECKED_WEIGHTS;
    try (var device = run.open()) {
      for (var name : NAMES) {
        OptimizerCheck.require(device, checked, name, stored.type, stored.rounding);
      }
      var weights = new RandomWeights(device.scope(), count, stored.type, stored.rounding);
      var times = turns(weights, stored).times(ROUNDS, 1);
      for (var name : times.all().keySet()) {
        var row = Row.of(Subject.optimizers, name + stored.suffix).with("weights", count);
        row.with("of_adamw", times.ratio(name, "adamw"));
        run.rows()
            .add(ceilings.byMemory(row, times.of(name), (double) count * bytes(name, stored)));
      }
    }
  }

  private static Turns turns(RandomWeights weights, Weights stored) {
    var turns = new Turns();
    for (var name : NAMES) {
      var optimizer = weights.optimizer(name);
      weights.step(optimizer);
      turns.with(name, () -> weights.step(optimizer));
      if (stored == Weights.IN_FP32 && optimizer instanceof Sophia sophia) {
        turns.with(REFRESH, () -> weights.refresh(sophia));
      }
    }
    return stored == Weights.IN_FP32 ? turns.with(NORM, weights::norm) : turns;
  }

  /// A refresh reads the product and reads and writes h; its probe is made, not read.
  private static int bytes(String name, Weights stored) {
    return switch (name) {
      case NORM -> Float.BYTES;
      case REFRESH -> 3 * Float.BYTES;
      default -> STATE.get(name) + stored.bytes;
    };
  }
}
