package dev.gatun.tool;

import dev.gatun.scaling.Approach;
import dev.gatun.scaling.FrontierPoint;
import dev.gatun.scaling.LawFit;
import dev.gatun.scaling.ParametricLaw;
import dev.gatun.scaling.Runs;
import dev.gatun.scaling.TrainingRun;
import java.awt.Color;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYSeries.XYSeriesRenderStyle;
import org.knowm.xchart.style.markers.SeriesMarkers;

/// Approach 3: contours of equal predicted loss over C = 6 N D and N, the runs, and the frontier
/// (the leftmost point of every contour) with its bootstrap band.
final class ContourPlot {
  private static final int POINTS = 400;
  private static final int CONTOURS = 10;
  private static final Color BAND = new Color(192, 57, 43, 70);
  private static final double MARGIN = 1.6;
  private static final double FAR = 100;

  private final Runs runs;
  private final ParametricLaw law;
  private final List<FrontierPoint> frontier;

  private ContourPlot(Runs runs, ParametricLaw law, List<FrontierPoint> frontier) {
    this.runs = runs;
    this.law = law;
    this.frontier = frontier;
  }

  static XYChart of(Runs runs, LawFit fit, List<FrontierPoint> frontier) {
    var ofLaw = frontier.stream().filter(point -> point.approach() == Approach.PARAMETRIC).toList();
    return new ContourPlot(runs, fit.law(), ofLaw).chart();
  }

  private XYChart chart() {
    var chart = FitPlot.blank("Loss by the parametric law", "FLOPs C = 6 N D", "parameters N");
    var styler = chart.getStyler();
    styler.setYAxisLogarithmic(true);
    styler.setXAxisMin(leastFlops());
    styler.setXAxisMax(mostFlops());
    styler.setYAxisMin(leastParameters());
    styler.setYAxisMax(mostParameters());
    styler.setMarkerSize(5);
    addBand(chart);
    addContours(chart);
    var points =
        runs.all().stream()
            .map(run -> new double[] {6 * run.parameters() * run.tokens(), run.parameters()})
            .toList();
    FitPlot.markers(chart, "runs", points, new Color(0x888888), SeriesMarkers.CIRCLE);
    var line = frontier.stream().map(at -> inside(at.flops(), at.parameters())).toList();
    FitPlot.line(chart, "frontier", line, FitPlot.ACCENT, 2.5f);
    return chart;
  }

  private double leastFlops() {
    return frontier.getFirst().flops() / MARGIN;
  }

  private double mostFlops() {
    return frontier.getLast().flops() * MARGIN;
  }

  /// All runs, and the frontier as far as it lies within a hundred times their sizes.
  private double leastParameters() {
    double least = runs.all().stream().mapToDouble(TrainingRun::parameters).min().orElseThrow();
    return Math.clamp(frontier.getFirst().parameters(), least / FAR, least) / MARGIN;
  }

  private double mostParameters() {
    double most = runs.all().stream().mapToDouble(TrainingRun::parameters).max().orElseThrow();
    return Math.clamp(frontier.getLast().parameters(), most, most * FAR) * MARGIN;
  }

  private void addBand(XYChart chart) {
    if (frontier.getFirst().parametersBand().isEmpty()) return;
    var around = new ArrayList<double[]>();
    for (var at : frontier) {
      around.add(inside(at.flops(), at.parametersBand().orElseThrow().low()));
    }
    for (var at : frontier.reversed()) {
      around.add(inside(at.flops(), at.parametersBand().orElseThrow().high()));
    }
    around.add(around.getFirst());
    var series = FitPlot.line(chart, "95 % of samples", around, BAND, 0.5f);
    series.setXYSeriesRenderStyle(XYSeriesRenderStyle.PolygonArea);
    series.setFillColor(BAND);
  }

  /// A band may reach to nought or beyond all bounds; the picture does not.
  private double[] inside(double flops, double parameters) {
    return new double[] {flops, Math.clamp(parameters, leastParameters(), mostParameters())};
  }

  /// At losses the frontier passes in equal ratios of compute, so that the picture is evenly full.
  private void addContours(XYChart chart) {
    var budgets = FitPlot.ratios(leastFlops() * MARGIN, mostFlops() / MARGIN, CONTOURS);
    for (int i = 0; i < CONTOURS; i++) {
      double loss = law.optimum(budgets[i]).loss();
      var contour = contour(loss);
      if (contour.size() < 2) continue;
      var colour = FitPlot.colour(1 - i / (CONTOURS - 1.0));
      FitPlot.line(chart, "contour " + i, contour, colour, 1.3f)
          .setLabel(String.format(Locale.ROOT, "L = %.3f", loss));
    }
  }

  /// Where the law predicts `loss`, by rising N, as far as it lies in the picture.
  private List<double[]> contour(double loss) {
    return Arrays.stream(FitPlot.ratios(leastParameters(), mostParameters(), POINTS))
        .mapToObj(n -> new double[] {6 * n * tokens(n, loss), n})
        .filter(point -> point[0] >= leastFlops() && point[0] <= mostFlops())
        .toList();
  }

  /// D at which `parameters` reach `loss`; not finite where no number of tokens is enough.
  private double tokens(double parameters, double loss) {
    double left = loss - law.e() - law.a() * Math.pow(parameters, -law.alpha());
    return left > 0 ? Math.pow(law.b() / left, 1 / law.beta()) : Double.POSITIVE_INFINITY;
  }
}
