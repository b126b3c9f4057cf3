package dev.gatun.scaling;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/// The lower envelope of training curves at 1,500 log-spaced FLOP values. The losses of all runs at
/// all values are computed once, for every sample of a bootstrap.
final class Envelope {
  private static final int BUDGETS = 1500;
  private static final double LAST_PART = 0.15;

  private final List<TrainingRun> runs;

  /// Their logarithms, from the last part of the cheapest run to the end of the dearest.
  private final double[] budgets;

  /// ln loss by run and budget; NaN outside the run's curve.
  private final double[][] losses;

  /// @param inner points of the frontier
  /// @param atEdge wins of the smallest and the largest model, which are none
  record Points(List<Allocation> inner, int atEdge) {}

  /// @param runs with curves
  Envelope(List<TrainingRun> runs) {
    this.runs = runs;
    double least = runs.stream().mapToDouble(TrainingRun::flops).min().orElseThrow();
    double most = runs.stream().mapToDouble(TrainingRun::flops).max().orElseThrow();
    double from = Math.log((1 - LAST_PART) * least);
    double step = (Math.log(most) - from) / (BUDGETS - 1);
    this.budgets = IntStream.range(0, BUDGETS).mapToDouble(i -> from + i * step).toArray();
    this.losses =
        runs.stream().map(run -> LogLog.of(run.smoothCurve()).at(budgets)).toArray(double[][]::new);
  }

  /// Of some of the runs, by their indices.
  Points of(int[] drawn) {
    var sizes = Arrays.stream(drawn).mapToDouble(i -> runs.get(i).parameters()).summaryStatistics();
    var inner = new ArrayList<Allocation>();
    int atEdge = 0;
    for (int budget = 0; budget < BUDGETS; budget++) {
      int winner = winner(drawn, budget);
      double flops = Math.exp(budgets[budget]);
      if (winner < 0 || flops < (1 - LAST_PART) * runs.get(winner).flops()) continue;
      double n = runs.get(winner).parameters();
      if (n == sizes.getMin() || n == sizes.getMax()) {
        atEdge++;
      } else {
        double tokens = runs.get(winner).tokensAt(flops);
        inner.add(new Allocation(flops, n, tokens, Math.exp(losses[winner][budget])));
      }
    }
    return new Points(inner, atEdge);
  }

  /// The run of the lowest loss; -1 where no curve reaches the budget.
  private int winner(int[] drawn, int budget) {
    int winner = -1;
    for (int run : drawn) {
      if (Double.isNaN(losses[run][budget])) continue;
      if (winner < 0 || losses[run][budget] < losses[winner][budget]) winner = run;
    }
    return winner;
  }
}
