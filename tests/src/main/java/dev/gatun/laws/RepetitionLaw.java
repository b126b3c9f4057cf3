package dev.gatun.laws;

import dev.gatun.memory.Device;
import dev.gatun.tensor.DType;

/// Forward rule and pullback give the same bits on two devices, for instance the same one twice.
/// The numbers have all digits of their type, since sums of few-digit numbers are exact in any
/// order.
public final class RepetitionLaw implements Law {
  private final Device other;

  /// The law between the checked device and `other`.
  public RepetitionLaw(Device other) {
    this.other = other;
  }

  @Override
  public void check(Device device, OpSample sample) {
    for (var dtype : new DType[] {DType.F32, DType.F64}) {
      var random = sample.random();
      var x = sample.draw(random);
      for (int i = 0; i < x.length; i++) {
        if (sample.arguments().get(i).dtype(dtype).isFloating()) divideByThree(x[i]);
      }
      var cotangents = new OpRun(device, sample, dtype).drawCotangents(random);
      for (var cotangent : cotangents) divideByThree(cotangent);
      requireSame(
          sample,
          dtype,
          all(device, sample, dtype, x, cotangents),
          all(other, sample, dtype, x, cotangents));
    }
  }

  private static void divideByThree(double[] x) {
    for (int i = 0; i < x.length; i++) x[i] /= 3;
  }

  private static double[][][] all(
      Device device, OpSample sample, DType dtype, double[][] x, double[][] cotangents) {
    var run = new OpRun(device, sample, dtype);
    var forward = run.forward(x);
    var gradients = run.pull(run.reads(x, forward), cotangents, run.overwriting(0));
    return new double[][][] {forward.values(), forward.saved(), gradients};
  }

  private static void requireSame(
      OpSample sample, DType dtype, double[][][] first, double[][][] second) {
    var kinds = new String[] {"value", "saved output", "gradient"};
    for (int kind = 0; kind < kinds.length; kind++) {
      for (int i = 0; i < first[kind].length; i++) {
        int at = Norms.firstDifference(first[kind][i], second[kind][i]);
        sample.require(at < 0, "%s: %s %d differs at element %d", dtype, kinds[kind], i, at);
      }
    }
  }
}
