package dev.gatun.bench;

import dev.gatun.laws.Host;
import dev.gatun.laws.OpSample;
import dev.gatun.memory.Device;
import dev.gatun.tensor.DType;

/// Holds what the rules yield in fp32 or bf16 to what they yield in fp64 from the same numbers. The
/// laws hold all to the op's definition at small sizes; this sees that the size measured is right
/// too.
final class OpCheck {
  /// Of an array's norm. Sums of some thousand products of both signs lose most of two digits.
  private static final double ALLOWED = 1e-3;

  /// The same in bf16: what blocks store between their parts is each rounded by up to 2^-9.
  private static final double ALLOWED_IN_BF16 = 4e-2;

  private OpCheck() {}

  static void require(Device device, PreparedOp measured, OpSample sample) {
    try (var memory = device.scope()) {
      var exact = new PreparedOp(memory, sample, DType.F64, measured.type());
      for (var rule : Rule.values()) require(measured, exact, sample, rule);
    }
  }

  private static void require(PreparedOp measured, PreparedOp exact, OpSample sample, Rule rule) {
    double allowed = measured.type() == DType.BF16 ? ALLOWED_IN_BF16 : ALLOWED;
    measured.run(rule);
    exact.run(rule);
    var found = measured.results(rule);
    var right = exact.results(rule);
    for (int i = 0; i < found.size(); i++) {
      double error = distance(Host.download(found.get(i)), Host.download(right.get(i)));
      if (error <= allowed) continue;
      throw new BenchFailure(
          "%s, %s in %s: array %d is off by %.2g of its norm",
          sample.name(), rule, Text.of(measured.type()), i, error);
    }
  }

  private static double distance(double[] found, double[] right) {
    double off = 0;
    double norm = 0;
    for (int i = 0; i < found.length; i++) {
      off += (found[i] - right[i]) * (found[i] - right[i]);
      norm += right[i] * right[i];
    }
    return off == 0 ? 0 : Math.sqrt(off / norm);
  }
}
