package dev.gatun.scaling;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;

/// The runs of one FLOP budget and the parabola of their final losses over x = log10 N.
///
/// @param flops the budget: the geometric mean of the runs', which differ by a tenth at most
/// @param runs by rising N
/// @param centre of x, the mean of the smallest and the largest
/// @param halfWidth from there to either, in decades of N
/// @param curvature half the parabola's second derivative by x
/// @param optimum x of its vertex
/// @param loss at its vertex
/// @param residuals of the losses about it
public record IsoFlopSlice(
    double flops,
    List<TrainingRun> runs,
    double centre,
    double halfWidth,
    double curvature,
    double optimum,
    double loss,
    Residuals residuals) {
  /// A parabola through three points leaves no residual to see.
  static final int FEWEST_SIZES = 4;

  private static final double LIKE_BUDGETS = 1.1;

  public IsoFlopSlice {
    runs = List.copyOf(runs);
  }

  /// The budgets among the runs, by rising FLOPs: again and again the most runs whose C lie within
  /// a tenth, as long as they have four sizes.
  static List<IsoFlopSlice> among(List<TrainingRun> runs) {
    var left = new ArrayList<>(runs);
    left.sort(Comparator.comparingDouble(TrainingRun::flops));
    var slices = new ArrayList<IsoFlopSlice>();
    while (true) {
      var densest = densest(left);
      if (sizes(densest) < FEWEST_SIZES) break;
      slices.add(of(densest));
      left.removeAll(new HashSet<>(densest));
    }
    slices.sort(Comparator.comparingDouble(IsoFlopSlice::flops));
    return slices;
  }

  private static List<TrainingRun> densest(List<TrainingRun> byFlops) {
    int start = 0;
    int end = 0;
    for (int from = 0, to = 0; from < byFlops.size(); from++) {
      double most = LIKE_BUDGETS * byFlops.get(from).flops();
      while (to < byFlops.size() && byFlops.get(to).flops() <= most) to++;
      if (to - from > end - start) {
        start = from;
        end = to;
      }
    }
    return List.copyOf(byFlops.subList(start, end));
  }

  static long sizes(List<TrainingRun> runs) {
    return runs.stream().map(TrainingRun::parameters).distinct().count();
  }

  /// @param runs of one budget, of three sizes or more
  static IsoFlopSlice of(List<TrainingRun> runs) {
    var rising = runs.stream().sorted(Comparator.comparingDouble(TrainingRun::parameters)).toList();
    var x = rising.stream().mapToDouble(run -> Math.log10(run.parameters())).toArray();
    var losses = rising.stream().mapToDouble(TrainingRun::loss).toArray();
    var parabola = Polynomial.fit(x, losses, 2);
    double curvature = parabola.coefficients()[2];
    double optimum = parabola.centre() - parabola.coefficients()[1] / (2 * curvature);
    for (int i = 0; i < x.length; i++) losses[i] -= parabola.at(x[i]);
    return new IsoFlopSlice(
        Math.exp(runs.stream().mapToDouble(run -> Math.log(run.flops())).average().orElseThrow()),
        rising,
        (x[0] + x[x.length - 1]) / 2,
        (x[x.length - 1] - x[0]) / 2,
        curvature,
        optimum,
        parabola.at(optimum),
        Residuals.of(losses));
  }

  /// Whether the parabola has a minimum, between the smallest and the largest model.
  public boolean hasOptimum() {
    return curvature > 0 && Math.abs(optimum - centre) <= halfWidth;
  }

  /// The parabola at x = log10 N.
  public double at(double x) {
    return loss + curvature * (x - optimum) * (x - optimum);
  }
}
