package dev.gatun.bench;

import dev.gatun.laws.Argument;
import dev.gatun.laws.OpSample;
import dev.gatun.memory.Device;
import dev.gatun.op.MatMul;
import dev.gatun.tensor.DType;

/// What this machine reaches in the same run: the bytes of a large copy, the FLOPs of the fastest
/// large product. Measured before the bench that is held to them, since they move within minutes.
final class Ceilings {
  static final String NAME = "ceilings";

  private static final long MEBIBYTE = 1 << 20;

  private final Run run;
  private double bytesPerSecond;
  private double flopsPerSecond;

  Ceilings(Run run) {
    this.run = run;
  }

  /// The first case of a bench that is measured against them.
  Case measured(Subject bench) {
    return new Case(NAME + " for " + bench, run.quick() ? 0.2 : 4, () -> measure(bench));
  }

  private void measure(Subject bench) {
    try (var device = run.open()) {
      bytesPerSecond = copy(device);
      for (int size : run.quick() ? new int[] {128} : new int[] {1024, 2048}) {
        flopsPerSecond = Math.max(flopsPerSecond, product(device, size));
      }
    }
    run.rows()
        .add(
            Row.of(bench, NAME)
                .with("copy_gbs", bytesPerSecond * 1e-9)
                .with("product_gflops", flopsPerSecond * 1e-9));
  }

  /// The row with what `us` microseconds for so many bytes and FLOPs come to; bound by its products
  /// is what has any.
  Row rated(Row row, double us, double bytes, double flops) {
    row.with("us", us).with("bytes", bytes).with("flops", flops);
    double rate = flops > 0 ? flops / us * 1e6 : bytes / us * 1e6;
    double ceiling = flops > 0 ? flopsPerSecond : bytesPerSecond;
    return row.with(flops > 0 ? "gflops" : "gbs", rate * 1e-9)
        .with("percent", 100 * rate / ceiling);
  }

  private double copy(Device device) {
    long bytes = (run.quick() ? 1 : 256) * MEBIBYTE;
    try (var memory = device.scope()) {
      var from = memory.bytes(bytes);
      var to = memory.bytes(bytes);
      var stream = device.stream().handle();
      device.kernels().fill(stream, from, bytes / Float.BYTES, 1.5, DType.F32.code());
      double taken =
          Timing.batched(
              run.seconds(),
              () -> device.kernels().copy(stream, to, from, bytes),
              () -> device.stream().join());
      return 2 * bytes / taken * 1e6;
    }
  }

  private double product(Device device, int size) {
    var sample =
        new OpSample(new MatMul(), null, Argument.floats(size, size), Argument.floats(size, size));
    try (var memory = device.scope()) {
      var op = new PreparedOp(memory, sample, DType.F32);
      double taken = Timing.batched(run.seconds(), () -> op.run(Rule.FORWARD), op::join);
      return Flops.of(sample, Rule.FORWARD) / taken * 1e6;
    }
  }
}
