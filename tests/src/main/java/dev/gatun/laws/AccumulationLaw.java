package dev.gatun.laws;

import dev.gatun.memory.Device;
import dev.gatun.tensor.DType;

/// A pullback overwrites its fresh outputs, whatever stood there, and adds into the others; each
/// output alone has the same numbers as all together; a cotangent that may be missing counts as
/// zero. In fp64; two orders of a sum of n terms differ by at most n units in the last place of the
/// sum of their magnitudes.
public final class AccumulationLaw implements Law {
  @Override
  public void check(Device device, OpSample sample) {
    var run = new OpRun(device, sample, DType.F64);
    var random = sample.random();
    var x = sample.draw(random);
    var cotangents = run.drawCotangents(random);
    var reads = run.reads(x, run.forward(x));
    var fresh = run.pull(reads, cotangents, run.overwriting(Double.NaN));
    var before = run.drawGradients(random);
    var rounding = new double[fresh.length];
    long terms = 4 + sample.shapes().stream().mapToLong(shape -> shape.count()).max().orElse(0);
    for (int i = 0; i < fresh.length; i++) {
      rounding[i] = terms * Math.ulp(1.0) * (Norms.largest(before[i]) + Norms.largest(fresh[i]));
    }
    requireSame(
        sample,
        "added",
        sums(before, fresh),
        run.pull(reads, cotangents, new OpRun.Into(before, 0)),
        rounding);
    if (fresh.length > 1) alone(sample, run, reads, cotangents, fresh, rounding);
    missing(sample, run, reads, cotangents, rounding);
  }

  private static void alone(
      OpSample sample,
      OpRun run,
      double[][] reads,
      double[][] cotangents,
      double[][] together,
      double[] rounding) {
    for (int i = 0; i < together.length; i++) {
      var only = new double[together.length][];
      only[i] = run.overwriting(Double.NaN).before()[i];
      var one = run.pull(reads, cotangents, new OpRun.Into(only, 1 << i));
      var expected = new double[together.length][];
      expected[i] = together[i];
      requireSame(sample, "alone", expected, one, rounding);
    }
  }

  private static void missing(
      OpSample sample, OpRun run, double[][] reads, double[][] cotangents, double[] rounding) {
    for (int i = 0; i < cotangents.length; i++) {
      if (!sample.op().mayMissCotangent(i)) continue;
      var zero = cotangents.clone();
      zero[i] = new double[cotangents[i].length];
      var none = cotangents.clone();
      none[i] = null;
      requireSame(
          sample,
          "without a cotangent",
          run.pull(reads, zero, run.overwriting(Double.NaN)),
          run.pull(reads, none, run.overwriting(Double.NaN)),
          rounding);
    }
  }

  private static double[][] sums(double[][] a, double[][] b) {
    var sums = new double[a.length][];
    for (int i = 0; i < a.length; i++) {
      sums[i] = a[i].clone();
      for (int j = 0; j < a[i].length; j++) sums[i][j] += b[i][j];
    }
    return sums;
  }

  private static void requireSame(
      OpSample sample, String how, double[][] expected, double[][] found, double[] rounding) {
    for (int i = 0; i < expected.length; i++) {
      if (expected[i] == null) continue;
      int at = Norms.firstBeyond(expected[i], found[i], rounding[i]);
      if (at < 0) continue;
      sample.require(
          false,
          "gradient %d, %s: element %d is %.17g, expected %.17g within %.3g",
          i,
          how,
          at,
          found[i][at],
          expected[i][at],
          rounding[i]);
    }
  }
}
