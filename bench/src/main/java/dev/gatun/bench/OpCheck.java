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

  /// Rows may be as much further off than the whole: one that is left out is off by all of it.
  private static final int ALLOWED_TO_ROWS = 5;

  /// Shorter rows are looked at some together: roundings differ too much from one number to the
  /// next.
  private static final long SHORTEST_ROW = 64;

  private OpCheck() {}

  static void require(Device device, PreparedOp measured, OpSample sample) {
    try (var memory = device.scope()) {
      var exact = new PreparedOp(memory, sample, DType.F64, measured.type());
      boolean says = false;
      for (var rule : Rule.values()) says |= require(measured, exact, sample, rule);
      if (!says) throw new BenchFailure("%s: all of it is 0 in fp64", sample.name());
    }
  }

  /// Whether anything in its results is not 0.
  private static boolean require(
      PreparedOp measured, PreparedOp exact, OpSample sample, Rule rule) {
    double allowed = measured.type() == DType.BF16 ? ALLOWED_IN_BF16 : ALLOWED;
    measured.run(rule);
    exact.run(rule);
    boolean says = false;
    for (int i = 0; i < exact.results(rule).size(); i++) {
      var array = exact.results(rule).get(i);
      var right = Host.download(array);
      var found = Host.download(measured.results(rule).get(i));
      int row = (int) Math.max(SHORTEST_ROW, array.shape().cols());
      double error =
          Math.max(error(found, right, right.length), error(found, right, row) / ALLOWED_TO_ROWS);
      if (!(error <= allowed)) {
        throw new BenchFailure(
            "%s, %s in %s: array %d is off by %.2g of its norm, or a row by %d times as much",
            sample.name(), rule, Text.of(measured.type()), i, error, ALLOWED_TO_ROWS);
      }
      says |= square(right, 0, right.length) > 0;
    }
    return says;
  }

  /// The largest error of a part, each of so many elements: of the norm of what it should hold, or
  /// of as much of the array's where it should hold less than its share. Where all should be 0 its
  /// numbers are differences of such as are about 1: then of a tenth of that.
  static double error(double[] found, double[] right, int part) {
    double whole = square(right, 0, right.length);
    double share = whole > 0 ? whole / right.length : 1e-2;
    double most = 0;
    for (int from = 0; from < right.length; from += part) {
      int to = Math.min(right.length, from + part);
      double off = 0;
      for (int i = from; i < to; i++) off += (found[i] - right[i]) * (found[i] - right[i]);
      double norm = Math.max(square(right, from, to), share * (to - from));
      most = Math.max(most, Math.sqrt(off / norm));
    }
    return most;
  }

  private static double square(double[] numbers, int from, int to) {
    double sum = 0;
    for (int i = from; i < to; i++) sum += numbers[i] * numbers[i];
    return sum;
  }
}
