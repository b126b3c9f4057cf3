package dev.gatun.scaling;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.IntToDoubleFunction;

/// Runs of a law that is known.
final class Synthetic {
  /// As printed by Hoffmann et al. 2022.
  static final ParametricLaw HOFFMANN = new ParametricLaw(1.69, 406.4, 410.7, 0.34, 0.28);

  private Synthetic() {}

  static double[] ratios(double from, double to, int count) {
    var values = new double[count];
    for (int i = 0; i < count; i++) values[i] = from * Math.pow(to / from, i / (count - 1.0));
    return values;
  }

  /// `sizes` runs at each of `budgets` from 1e17 to 1e22, from a tenth to ten times the optimum;
  /// ln L is off by normal noise, and of every tenth run by five times as much.
  static List<TrainingRun> runs(
      ParametricLaw law, int budgets, int sizes, double noise, long seed) {
    return runs(law, ratios(1e17, 1e22, budgets), sizes, noise, seed);
  }

  /// 240 runs over the budgets of Hoffmann et al. 2022, as noisy as theirs as published: their
  /// objective at the optimum is 1.018e-3.
  static Runs likeHoffmann(long seed) {
    return Runs.of(runs(HOFFMANN, ratios(6e18, 3e21, 15), 16, 0.004, seed));
  }

  private static List<TrainingRun> runs(
      ParametricLaw law, double[] budgets, int sizes, double noise, long seed) {
    var random = new Random(seed);
    var runs = new ArrayList<TrainingRun>();
    for (double flops : budgets) {
      double optimum = law.optimum(flops).parameters();
      for (double n : ratios(optimum / 10, optimum * 10, sizes)) {
        double tokens = flops / (6 * n);
        double off = noise * random.nextGaussian() * (runs.size() % 10 == 9 ? 5 : 1);
        runs.add(TrainingRun.of(n, tokens, law.loss(n, tokens) * Math.exp(off)));
      }
    }
    return runs;
  }

  /// Nine budgets from 1e18 to 1e22 of 15 sizes, `halfWidth` decades to either side of a centre
  /// that lies `shift` decades above the optimum.
  static Runs isoFlop(ParametricLaw law, double halfWidth, IntToDoubleFunction shift) {
    var runs = new ArrayList<TrainingRun>();
    var budgets = ratios(1e18, 1e22, 9);
    for (int i = 0; i < budgets.length; i++) {
      double centre = Math.log10(law.optimum(budgets[i]).parameters()) + shift.applyAsDouble(i);
      for (int k = 0; k < 15; k++) {
        double n = Math.pow(10, centre - halfWidth + k * 2 * halfWidth / 14);
        double tokens = budgets[i] / (6 * n);
        runs.add(TrainingRun.of(n, tokens, law.loss(n, tokens)));
      }
    }
    return Runs.of(runs);
  }
}
