package dev.gatun.scaling;

import java.util.ArrayList;
import java.util.List;

/// Smooths a training curve: each point becomes the value there of the line fitted to its
/// neighbours under Gaussian weights. Inside an even curve that is the Gaussian mean; at its ends,
/// where a mean would lag behind a falling loss, the line does not.
///
/// Hoffmann et al. 2022 smooth with a window of 10 steps: half of it to each side, where the weight
/// has fallen to that of two standard deviations.
final class Smoothing {
  static final int WINDOW = 10;
  private static final double DEVIATION = WINDOW / 4.0;

  private Smoothing() {}

  static List<TrainingRun.Point> of(List<TrainingRun.Point> curve) {
    var smooth = new ArrayList<TrainingRun.Point>();
    for (int i = 0; i < curve.size(); i++) {
      smooth.add(new TrainingRun.Point(curve.get(i).flops(), at(curve, i)));
    }
    return smooth;
  }

  /// The smoothed loss at the end.
  static double last(List<TrainingRun.Point> curve) {
    return at(curve, curve.size() - 1);
  }

  private static double at(List<TrainingRun.Point> curve, int middle) {
    double weights = 0;
    double offsets = 0;
    double squares = 0;
    double sum = 0;
    double slope = 0;
    int from = Math.max(0, middle - WINDOW / 2);
    int to = Math.min(curve.size() - 1, middle + WINDOW / 2);
    for (int i = from; i <= to; i++) {
      double offset = i - middle;
      double weight = Math.exp(-0.5 * offset * offset / (DEVIATION * DEVIATION));
      weights += weight;
      offsets += weight * offset;
      squares += weight * offset * offset;
      sum += weight * curve.get(i).loss();
      slope += weight * offset * curve.get(i).loss();
    }
    double determinant = weights * squares - offsets * offsets;
    if (curve.size() < 3) return curve.get(middle).loss();
    return (squares * sum - offsets * slope) / determinant;
  }
}
