package dev.gatun.bench;

import dev.gatun.laws.Argument;
import dev.gatun.laws.OpSample;
import dev.gatun.memory.Device;
import dev.gatun.op.MatMul;
import dev.gatun.tensor.DType;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/// What this machine reaches in the same run: the bytes that memory yields, the FLOPs of the
/// fastest large product of each type. Measured before the bench that is held to them, since they
/// move within minutes.
final class Ceilings {
  static final String NAME = "ceilings";

  private final Run run;
  private final List<DType> types;
  private final Map<DType, Double> flopsPerSecond = new EnumMap<>(DType.class);
  private MemoryCeiling memory;

  /// For products of these types.
  Ceilings(Run run, DType... types) {
    this.run = run;
    this.types = List.of(types);
  }

  /// The first case of a bench that is measured against them.
  Case measured(Subject bench) {
    double seconds = run.quick() ? 0.2 : 7 + 8 * types.size();
    return new Case(NAME + " for " + bench, seconds, () -> measure(bench));
  }

  private void measure(Subject bench) {
    try (var device = run.open()) {
      for (var type : types) flopsPerSecond.put(type, fastestProduct(device, type));
      memory = MemoryCeiling.measured(run, device);
    }
    for (var rung : memory.rungs()) {
      run.rows()
          .add(
              Row.of(bench, NAME)
                  .with("array_bytes", rung.bytes())
                  .with("copy_gbs", rung.copy() * 1e-9)
                  .with("in_place_gbs", rung.inPlace() * 1e-9));
    }
    for (var type : types) {
      var row = Row.of(bench, NAME).with("type", Text.of(type));
      run.rows().add(row.with("product_gflops", flopsPerSecond.get(type) * 1e-9));
    }
  }

  /// The row with what `us` microseconds come to, of what memory yields to arrays of so many bytes.
  Row byMemory(Row row, double us, double bytes) {
    requireMeasured(row);
    double rate = bytes / us * 1e6;
    row.with("us", us).with("bytes", bytes).with("gbs", rate * 1e-9);
    return row.with("percent", 100 * rate / memory.at(bytes));
  }

  /// The same, of the fastest product of a type.
  Row byProducts(Row row, double us, double bytes, double flops, DType type) {
    requireMeasured(row);
    double rate = flops / us * 1e6;
    row.with("us", us).with("bytes", bytes).with("flops", flops).with("gflops", rate * 1e-9);
    return row.with("percent", 100 * rate / flopsPerSecond.get(type));
  }

  private void requireMeasured(Row row) {
    if (memory != null) return;
    throw new BenchFailure("%s: what it is held to was not measured", row.what());
  }

  /// With either factor transposed or not. Rows of a power of two bytes contend for the same lines
  /// of a cache, so that not all sizes have them.
  private double fastestProduct(Device device, DType type) {
    double most = 0;
    for (int size : run.quick() ? new int[] {128} : new int[] {768, 1024, 1536, 2048}) {
      for (boolean left : new boolean[] {false, true}) {
        for (boolean right : new boolean[] {false, true}) {
          most = Math.max(most, product(device, new MatMul(left, right), size, type));
        }
      }
    }
    return most;
  }

  private double product(Device device, MatMul op, int size, DType type) {
    var sample = new OpSample(op, null, Argument.floats(size, size), Argument.floats(size, size));
    try (var scope = device.scope()) {
      var made = new PreparedOp(scope, sample, type);
      double taken = Timing.batched(run.seconds(), () -> made.run(Rule.FORWARD), made::join);
      return Flops.of(sample, Rule.FORWARD) / taken * 1e6;
    }
  }
}
