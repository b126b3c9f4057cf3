package dev.gatun.laws;

import dev.gatun.memory.Device;
import dev.gatun.tensor.DType;

/// The pullback is the derivative: along a random direction of each argument in turn, in fp64, its
/// product with the direction equals the [Slope] of the forward rule.
public final class DifferenceLaw implements Law {
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
          Slope.of(
              h -> Norms.dot(cotangents, run.forward(moved(x, argument, direction, h)).values()),
              scale);
      double claimed = Norms.dot(gradients[next], direction);
      double size = scale + Norms.absoluteDot(gradients[next], direction);
      slope.require(sample, claimed, size, "along argument %d the pullback".formatted(i));
      next++;
    }
    sample.require(
        next == gradients.length,
        "the pullback yields %d gradients for %d arguments",
        gradients.length,
        next);
  }

  private static double[][] moved(double[][] x, int argument, double[] direction, double h) {
    var moved = x.clone();
    moved[argument] = x[argument].clone();
    for (int i = 0; i < direction.length; i++) moved[argument][i] += h * direction[i];
    return moved;
  }
}
