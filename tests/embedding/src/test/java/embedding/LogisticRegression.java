package embedding;

import java.util.Random;

/// A model of somebody's own, with no line of Gatun in it: logistic regression over float arrays.
/// Its gradient and the diagonal of its Hessian are known in closed form.
final class LogisticRegression {
  private final float[][] inputs;
  private final boolean[] labels;

  /// Inputs whose columns differ in scale by three decades, so that curvature matters; labels drawn
  /// from a model that is there to be found.
  LogisticRegression(int rows, int columns, long seed) {
    var random = new Random(seed);
    var truth = random.doubles(columns, -2, 2).toArray();
    inputs = new float[rows][columns];
    labels = new boolean[rows];
    for (int r = 0; r < rows; r++) {
      double score = 0;
      for (int c = 0; c < columns; c++) {
        double scale = Math.pow(10, -3.0 * c / (columns - 1));
        inputs[r][c] = (float) (scale * random.nextGaussian());
        score += truth[c] / scale * inputs[r][c];
      }
      labels[r] = random.nextDouble() < 1 / (1 + Math.exp(-score));
    }
  }

  /// The mean loss. `gradient` and `curvature` receive its gradient and its Hessian's diagonal.
  double differentiate(float[] weights, float[] gradient, float[] curvature) {
    double loss = 0;
    var slopes = new double[weights.length];
    var bends = new double[weights.length];
    for (int r = 0; r < inputs.length; r++) {
      double score = 0;
      for (int c = 0; c < weights.length; c++) score += weights[c] * inputs[r][c];
      double likely = 1 / (1 + Math.exp(-score));
      loss -= Math.log(labels[r] ? likely : 1 - likely);
      for (int c = 0; c < weights.length; c++) {
        slopes[c] += (likely - (labels[r] ? 1 : 0)) * inputs[r][c];
        bends[c] += likely * (1 - likely) * inputs[r][c] * inputs[r][c];
      }
    }
    for (int c = 0; c < weights.length; c++) {
      gradient[c] = (float) (slopes[c] / inputs.length);
      curvature[c] = (float) (bends[c] / inputs.length);
    }
    return loss / inputs.length;
  }
}
