package dev.gatun.laws;

import dev.gatun.memory.Device;
import dev.gatun.tensor.DType;
import java.util.function.DoubleUnaryOperator;

/// The pullback is the derivative: along a random direction of each argument in turn, in fp64, its
/// product with the direction equals the slope of the forward rule. The slope comes from central
/// differences at h, 2h and 4h, which Richardson's rule combines to an error of h^4; what the last
/// combination changed bounds that error, and the rounding of the function's values, divided by h,
/// is added to it.
public final class DifferenceLaw implements Law {
  private static final double STEP = 0x1p-13;
  private static final double ROUNDING = 8 * Math.ulp(1.0);
  private static final double SHARPNESS = 1e-6;

  private record Slope(double slope, double error) {}

  @Override
  public void check(Device device, OpSample sample) {
    var run = new OpRun(device, sample, DType.F64);
    var random = sample.random();
    var x = sample.draw(random);
    var cotangents = run.drawCotangents(random);
    var gradients = run.pull(x, cotangents);
    double scale = 0;
    var values = run.forward(x).values();
    for (int i = 0; i < values.length; i++) {
      double height = Math.max(1, Norms.largest(values[i]));
      for (var cotangent : cotangents[i]) scale += Math.abs(cotangent) * height;
    }
    var directions = run.drawGradients(random);
    int next = 0;
    for (int i = 0; i < x.length; i++) {
      if (!sample.arguments().get(i).dtype(DType.F64).isFloating()) continue;
      int argument = i;
      var direction = directions[next];
      var slope =
          slope(
              h -> Norms.dot(cotangents, run.forward(moved(x, argument, direction, h)).values()),
              ROUNDING * scale / STEP);
      double claimed = Norms.dot(gradients[next], direction);
      double size = scale + Norms.absoluteDot(gradients[next], direction);
      sample.require(
          slope.error <= SHARPNESS * size,
          "the function is not smooth enough along argument %d: its slope is known to %g of %g",
          i,
          slope.error,
          size);
      sample.require(
          Math.abs(claimed - slope.slope) <= slope.error,
          "along argument %d the pullback says %.15g, differences %.15g, give or take %.3g",
          i,
          claimed,
          slope.slope,
          slope.error);
      next++;
    }
    sample.require(
        next == gradients.length,
        "the pullback yields %d gradients for %d arguments",
        gradients.length,
        next);
  }

  private static Slope slope(DoubleUnaryOperator f, double noise) {
    double at1 = difference(f, STEP);
    double at2 = difference(f, 2 * STEP);
    double at4 = difference(f, 4 * STEP);
    double fine = (4 * at1 - at2) / 3;
    double coarse = (4 * at2 - at4) / 3;
    return new Slope(fine, Math.abs(fine - coarse) + noise);
  }

  private static double difference(DoubleUnaryOperator f, double h) {
    return (f.applyAsDouble(h) - f.applyAsDouble(-h)) / (2 * h);
  }

  private static double[][] moved(double[][] x, int argument, double[] direction, double h) {
    var moved = x.clone();
    moved[argument] = x[argument].clone();
    for (int i = 0; i < direction.length; i++) moved[argument][i] += h * direction[i];
    return moved;
  }
}
