package dev.gatun.scaling;

import dev.gatun.InvalidArgument;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;

/// The first approach of Hoffmann et al. 2022: the lower envelope of training curves.
///
/// Each curve is smoothed ([Smoothing]) and read between its points on log-log lines. At each of
/// 1,500 log-spaced FLOP values the run of the lowest loss wins; where it is in the last 15 % of
/// its training, its N and the tokens it has seen are a point of the frontier. Earlier wins are no
/// points: that run's learning rate was still high, so another run, not made, would have won.
///
/// @param envelope the points, by rising FLOPs
/// @param frontier the lines through them
/// @param residuals of ln N about its line
/// @param samples a frontier for each sample of the bootstrap
/// @param warnings about this fit
public record EnvelopeFit(
    List<Allocation> envelope,
    Frontier frontier,
    Residuals residuals,
    List<Frontier> samples,
    Set<Warning> warnings) {
  private static final int BUDGETS = 1500;
  private static final double LAST_PART = 0.15;

  /// The part of the envelope that the smallest and the largest model may hold together.
  private static final double EDGE_PART = 0.5;

  public EnvelopeFit {
    envelope = List.copyOf(envelope);
    samples = List.copyOf(samples);
    warnings = Collections.unmodifiableSet(EnumSet.copyOf(warnings));
  }

  /// @throws InvalidArgument unless the curves of at least two model sizes reach the envelope
  public static EnvelopeFit of(Runs runs, Bootstrap bootstrap) {
    var curved = runs.all().stream().filter(run -> run.curve().size() > 1).toList();
    if (curved.size() < 2) {
      throw new InvalidArgument(
          "approach 1 needs the training curves of runs; %d of %d have one"
              .formatted(curved.size(), runs.all().size()));
    }
    var curves = new Curves(curved);
    var envelope = curves.envelope(IntStream.range(0, curved.size()).toArray());
    var frontier =
        frontier(envelope)
            .orElseThrow(
                () ->
                    new InvalidArgument(
                        "fewer than two model sizes are the best of any FLOP budget near the end of"
                            + " their training: approach 1 finds no frontier"));
    var samples =
        bootstrap.of(random -> frontier(curves.envelope(Bootstrap.draw(random, curved.size()))));
    return new EnvelopeFit(
        envelope, frontier, residuals(envelope, frontier), samples, warnings(runs, envelope));
  }

  private static Optional<Frontier> frontier(List<Allocation> envelope) {
    if (envelope.stream().map(Allocation::parameters).distinct().count() < 2) {
      return Optional.empty();
    }
    return Optional.of(
        Frontier.through(
            envelope.stream().mapToDouble(Allocation::flops).toArray(),
            envelope.stream().mapToDouble(Allocation::parameters).toArray(),
            envelope.stream().mapToDouble(Allocation::tokens).toArray()));
  }

  private static Residuals residuals(List<Allocation> envelope, Frontier frontier) {
    return Residuals.of(
        envelope.stream()
            .mapToDouble(at -> Math.log(at.parameters() / frontier.parameters().at(at.flops())))
            .toArray());
  }

  private static EnumSet<Warning> warnings(Runs runs, List<Allocation> envelope) {
    double smallest = runs.least(TrainingRun::parameters);
    double largest = runs.greatest(TrainingRun::parameters);
    long atEdge =
        envelope.stream()
            .filter(at -> at.parameters() == smallest || at.parameters() == largest)
            .count();
    return atEdge > EDGE_PART * envelope.size()
        ? EnumSet.of(Warning.OPTIMUM_OUTSIDE)
        : EnumSet.noneOf(Warning.class);
  }

  /// The logarithms of losses of all runs at all budgets, computed once for every bootstrap sample.
  private static final class Curves {
    private final List<TrainingRun> runs;
    private final double[] budgets;
    private final double[][] losses;

    Curves(List<TrainingRun> runs) {
      this.runs = runs;
      double least = runs.stream().mapToDouble(TrainingRun::flops).min().orElseThrow();
      double most = runs.stream().mapToDouble(TrainingRun::flops).max().orElseThrow();
      double from = Math.log((1 - LAST_PART) * least);
      double step = (Math.log(most) - from) / (BUDGETS - 1);
      this.budgets = IntStream.range(0, BUDGETS).mapToDouble(i -> from + i * step).toArray();
      budgets[BUDGETS - 1] = Math.log(most);
      this.losses =
          runs.stream()
              .map(run -> LogLog.of(Smoothing.of(run.curve())).at(budgets))
              .toArray(double[][]::new);
    }

    List<Allocation> envelope(int[] drawn) {
      var envelope = new ArrayList<Allocation>();
      for (int budget = 0; budget < BUDGETS; budget++) {
        int winner = -1;
        for (int run : drawn) {
          if (Double.isNaN(losses[run][budget])) continue;
          if (winner < 0 || losses[run][budget] < losses[winner][budget]) winner = run;
        }
        if (winner < 0) continue;
        double flops = Math.exp(budgets[budget]);
        var run = runs.get(winner);
        if (flops < (1 - LAST_PART) * run.flops()) continue;
        envelope.add(
            new Allocation(
                flops, run.parameters(), run.tokensAt(flops), Math.exp(losses[winner][budget])));
      }
      return envelope;
    }
  }
}
