package dev.gatun.scaling;

import java.util.Arrays;
import java.util.List;

/// A curve of loss over FLOPs, read between its points on straight lines in both logarithms.
record LogLog(double[] flops, double[] losses) {
  static LogLog of(List<TrainingRun.Point> curve) {
    return new LogLog(
        curve.stream().mapToDouble(point -> Math.log(point.flops())).toArray(),
        curve.stream().mapToDouble(point -> Math.log(point.loss())).toArray());
  }

  /// ln loss at each ln FLOPs; NaN outside the curve.
  double[] at(double[] of) {
    return Arrays.stream(of).map(this::at).toArray();
  }

  private double at(double at) {
    int found = Arrays.binarySearch(flops, at);
    if (found >= 0) return losses[found];
    int above = -found - 1;
    if (above == 0 || above == flops.length) return Double.NaN;
    double share = (at - flops[above - 1]) / (flops[above] - flops[above - 1]);
    return losses[above - 1] + share * (losses[above] - losses[above - 1]);
  }
}
