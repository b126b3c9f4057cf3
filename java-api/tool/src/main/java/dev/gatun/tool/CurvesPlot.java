package dev.gatun.tool;

import dev.gatun.scaling.EnvelopeFit;
import dev.gatun.scaling.Runs;
import dev.gatun.scaling.TrainingRun;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.style.markers.SeriesMarkers;

/// Approach 1: the smoothed training curves over FLOPs, coloured by N, and their envelope.
final class CurvesPlot {
  /// More points of a curve than a picture has room for are thinned to these, in equal ratios.
  private static final int POINTS = 400;

  private static final int NAMED = 12;

  /// How much cheaper than the envelope the picture begins.
  private static final double RUN_UP = 30;

  private CurvesPlot() {}

  static XYChart of(Runs runs, EnvelopeFit fit) {
    var chart =
        FitPlot.blank(
            "Training curves, smoothed, and their envelope", "FLOPs", "loss, nats a token");
    var curved =
        runs.all().stream()
            .filter(run -> run.curve().size() > 1)
            .sorted(Comparator.comparingDouble(TrainingRun::parameters))
            .toList();
    var sizes = curved.stream().map(TrainingRun::parameters).distinct().toList();
    var named = new ArrayList<Double>();
    for (int i = 0; i < curved.size(); i++) {
      var run = curved.get(i);
      int rank = sizes.indexOf(run.parameters());
      var colour = FitPlot.colour(rank / Math.max(1.0, sizes.size() - 1));
      var series = FitPlot.line(chart, "run " + i, points(run), colour, 1.2f);
      boolean first = !named.contains(run.parameters());
      series.setShowInLegend(first && rank % Math.ceilDiv(sizes.size(), NAMED) == 0);
      series.setLabel(String.format(Locale.ROOT, "N = %.3g", run.parameters()));
      named.add(run.parameters());
    }
    var envelope = fit.envelope().stream().map(at -> new double[] {at.flops(), at.loss()}).toList();
    FitPlot.markers(chart, "envelope", envelope, FitPlot.ACCENT, SeriesMarkers.CIRCLE);
    chart.getStyler().setMarkerSize(4);
    chart.getStyler().setYAxisMax(highest(fit));
    chart.getStyler().setXAxisMin(fit.envelope().getFirst().flops() / RUN_UP);
    return chart;
  }

  /// The first steps of training, losses near ln V, would press the envelope flat.
  private static double highest(EnvelopeFit fit) {
    double most = fit.envelope().stream().mapToDouble(at -> at.loss()).max().orElseThrow();
    double least = fit.envelope().stream().mapToDouble(at -> at.loss()).min().orElseThrow();
    return most + Math.max(0.5 * (most - least), 0.05 * most);
  }

  private static List<double[]> points(TrainingRun run) {
    var points = new ArrayList<double[]>();
    double next = 0;
    double ratio = Math.pow(run.flops() / run.curve().getFirst().flops(), 1.0 / POINTS);
    for (var point : run.smoothCurve()) {
      if (point.flops() < next) continue;
      points.add(new double[] {point.flops(), point.loss()});
      next = point.flops() * ratio;
    }
    return points;
  }
}
