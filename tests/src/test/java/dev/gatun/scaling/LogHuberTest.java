package dev.gatun.scaling;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.Random;
import org.junit.jupiter.api.Test;

class LogHuberTest {
  /// Residuals laid by hand: none, inside the square, at its end, and beyond on either side.
  @Test
  void itIsTheSumOfHuberLossesOfTheLogarithms() {
    double[] residuals = {0, 5e-4, 1e-3, -2e-3, 0.1};
    double byHand = 0 + 1.25e-7 + 5e-7 + 1e-3 * 1.5e-3 + 1e-3 * 0.0995;
    var runs = new ArrayList<TrainingRun>();
    for (int i = 0; i < residuals.length; i++) {
      double n = 1e8 * (i + 1);
      double d = 1e10 / (i + 2);
      double loss = Synthetic.HOFFMANN.loss(n, d) * Math.exp(-residuals[i]);
      runs.add(TrainingRun.of(n, d, loss));
    }
    var objective = LogHuber.of(Runs.of(runs));
    var x = LogHuber.point(Synthetic.HOFFMANN);
    assertArrayEquals(residuals, objective.residuals(x), 1e-14);
    assertEquals(byHand, objective.value(x), 1e-15);
  }

  /// Central differences of step h err by h² F''' and by rounding, eps F / h; away from the joints
  /// of the Huber loss F''' is of the size of the gradient times ln N squared.
  @Test
  void itsGradientIsThatOfDifferences() {
    var objective = LogHuber.of(Runs.of(Synthetic.runs(Synthetic.HOFFMANN, 6, 10, 0.01, 3)));
    var random = new Random(4);
    for (int trial = 0; trial < 20; trial++) {
      var x = LogHuber.point(Synthetic.HOFFMANN);
      for (int k = 0; k < LogHuber.SIZE; k++) x[k] *= 1 + 0.1 * random.nextGaussian();
      var gradient = objective.gradient(x);
      for (int k = 0; k < LogHuber.SIZE; k++) {
        double step = 1e-6;
        var up = x.clone();
        var down = x.clone();
        up[k] += step;
        down[k] -= step;
        double difference = (objective.value(up) - objective.value(down)) / (2 * step);
        assertEquals(difference, gradient[k], 1e-6 * (1 + Math.abs(difference)), "by " + k);
      }
    }
  }

  @Test
  void aLawSurvivesTheWayThroughLogarithms() {
    var law = LogHuber.law(LogHuber.point(Synthetic.HOFFMANN));
    assertEquals(1.69, law.e(), 1e-14);
    assertEquals(406.4, law.a(), 1e-11);
    assertEquals(410.7, law.b(), 1e-11);
    assertEquals(0.34, law.alpha());
    assertEquals(0.28, law.beta());
  }
}
