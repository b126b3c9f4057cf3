package dev.gatun.scaling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// The published fit of Hoffmann et al. 2022 averaged its Huber losses, and an optimizer with an
/// absolute tolerance took the small numbers for flat ground (Besiroglu et al. 2024, appendix).
///
/// Here 240 noisy runs are fitted by a quasi-Newton descent that stops as SciPy's L-BFGS-B does by
/// default: when F falls by less than 2.2e-9 max(F, 1), or no part of the gradient exceeds 1e-5.
class AveragedObjectiveTest {
  private static final double FALL = 2.220446049250313e-9;
  private static final double SLOPE = 1e-5;

  /// Every thirtieth of the published starts.
  private static final List<double[]> STARTS =
      IntStream.range(0, 150).mapToObj(i -> Starts.published().get(30 * i + i % 30)).toList();

  private final Runs runs = Synthetic.likeHoffmann(1);
  private final LogHuber objective = LogHuber.of(runs);

  @Test
  @Tag("long")
  void theMeanStopsAtAWrongAnswerWhereTheSumDoesNot() {
    var ours = LawFit.of(runs, Starts.SEEDED, Bootstrap.NONE);
    double best = ours.law().parameterExponent();
    double[] byMean = best(1.0 / runs.all().size());
    double[] bySum = best(1);
    assertEquals(240, runs.all().size());
    assertTrue(objective.value(byMean) > 2 * ours.objective(), () -> told(byMean, ours));
    assertEquals(1, objective.value(bySum) / ours.objective(), 1e-5, () -> told(bySum, ours));
    assertEquals(best, LogHuber.law(bySum).parameterExponent(), 1e-3);
    double off = Math.abs(LogHuber.law(byMean).parameterExponent() - best);
    assertTrue(off > 0.1, () -> told(byMean, ours));
  }

  private String told(double[] x, LawFit ours) {
    return "%.9e at %s; ours %.9e at %s"
        .formatted(objective.value(x), LogHuber.law(x), ours.objective(), ours.law());
  }

  private double[] best(double factor) {
    return STARTS.parallelStream()
        .map(start -> descend(start, factor))
        .min((x, y) -> Double.compare(objective.value(x), objective.value(y)))
        .orElseThrow();
  }

  /// BFGS with a backtracking search.
  private double[] descend(double[] start, double factor) {
    int n = start.length;
    var x = start.clone();
    var inverse = identity(n);
    double value = factor * objective.value(x);
    var gradient = scaled(objective.gradient(x), factor);
    for (int iteration = 0; iteration < 15_000; iteration++) {
      if (largest(gradient) <= SLOPE) break;
      var direction = scaled(times(inverse, gradient), -1);
      double slope = dot(direction, gradient);
      if (slope >= 0) {
        inverse = identity(n);
        direction = scaled(gradient, -1);
        slope = dot(direction, gradient);
      }
      double step = iteration == 0 ? Math.min(1, 1 / Math.sqrt(-slope)) : 1;
      double[] next = x;
      double nextValue = value;
      for (int halving = 0; halving < 40; halving++, step /= 2) {
        next = sum(x, scaled(direction, step));
        nextValue = factor * objective.value(next);
        if (nextValue <= value + 1e-4 * step * slope) break;
      }
      var nextGradient = scaled(objective.gradient(next), factor);
      var moved = sum(next, scaled(x, -1));
      var bent = sum(nextGradient, scaled(gradient, -1));
      if (dot(moved, bent) > 0) update(inverse, moved, bent);
      double fell = (value - nextValue) / Math.max(1, Math.max(value, nextValue));
      x = next;
      value = nextValue;
      gradient = nextGradient;
      if (fell <= FALL) break;
    }
    return x;
  }

  private static void update(double[][] inverse, double[] moved, double[] bent) {
    double along = dot(moved, bent);
    var through = times(inverse, bent);
    double factor = (1 + dot(bent, through) / along) / along;
    for (int i = 0; i < moved.length; i++) {
      for (int j = 0; j < moved.length; j++) {
        inverse[i][j] +=
            factor * moved[i] * moved[j] - (through[i] * moved[j] + moved[i] * through[j]) / along;
      }
    }
  }

  private static double[][] identity(int n) {
    var identity = new double[n][n];
    for (int i = 0; i < n; i++) identity[i][i] = 1;
    return identity;
  }

  private static double[] times(double[][] matrix, double[] x) {
    return IntStream.range(0, x.length).mapToDouble(i -> dot(matrix[i], x)).toArray();
  }

  private static double dot(double[] x, double[] y) {
    return IntStream.range(0, x.length).mapToDouble(i -> x[i] * y[i]).sum();
  }

  private static double[] scaled(double[] x, double factor) {
    return IntStream.range(0, x.length).mapToDouble(i -> x[i] * factor).toArray();
  }

  private static double[] sum(double[] x, double[] y) {
    return IntStream.range(0, x.length).mapToDouble(i -> x[i] + y[i]).toArray();
  }

  private static double largest(double[] x) {
    return IntStream.range(0, x.length).mapToDouble(i -> Math.abs(x[i])).max().orElseThrow();
  }
}
