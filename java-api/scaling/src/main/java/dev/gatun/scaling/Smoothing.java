package dev.gatun.scaling;

import java.util.ArrayList;
import java.util.List;

/// Smooths a training curve: each point becomes the value there of the line fitted to its
/// neighbours under Gaussian weights. Inside an even curve that is the Gaussian mean; at its ends,
/// where a mean would lag behind a falling loss, the line does not.
///
/// The window is 10 points, as Hoffmann et al. 2022 have it, or a fiftieth of the curve where that
/// is more, up to 500: their batches hold a million tokens, and smaller ones leave more noise. Half
/// of it lies to each side, where the weight has fallen to that of two standard deviations.
final class Smoothing {
  private static final int WINDOW = 10;
  private static final int PART = 50;
  private static final int LARGEST = 500;

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
    int half = Math.clamp(curve.size() / PART, WINDOW, LARGEST) / 2;
    int from = Math.max(0, middle - half);
    int to = Math.min(curve.size() - 1, middle + half);
    for (int i = from; i <= to; i++) {
      double offset = i - middle;
      double weight = Math.exp(-2 * offset * offset / (half * half));
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
