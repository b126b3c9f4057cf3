package dev.gatun.tool;

import dev.gatun.scaling.IsoFlopFit;
import dev.gatun.scaling.IsoFlopSlice;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.style.lines.SeriesLines;
import org.knowm.xchart.style.markers.SeriesMarkers;

/// Approach 2: the final losses of each FLOP budget over N, its parabola and its optimum.
final class IsoFlopPlot {
  private static final int POINTS = 100;

  private IsoFlopPlot() {}

  static XYChart of(IsoFlopFit fit) {
    var chart = FitPlot.blank("IsoFLOP slices", "parameters N", "final loss, nats a token");
    int count = fit.slices().size();
    for (int i = 0; i < count; i++) {
      add(chart, "budget " + i, fit.slices().get(i), i / Math.max(1.0, count - 1));
    }
    var optima =
        fit.slices().stream()
            .filter(IsoFlopSlice::hasOptimum)
            .map(slice -> new double[] {Math.pow(10, slice.optimum()), slice.loss()})
            .toList();
    FitPlot.markers(chart, "optimum", optima, FitPlot.ACCENT, SeriesMarkers.DIAMOND);
    chart.getStyler().setMarkerSize(9);
    return chart;
  }

  private static void add(XYChart chart, String name, IsoFlopSlice slice, double share) {
    var colour = FitPlot.colour(share);
    var runs =
        slice.runs().stream().map(run -> new double[] {run.parameters(), run.loss()}).toList();
    FitPlot.markers(chart, name, runs, colour, SeriesMarkers.CIRCLE)
        .setLabel(String.format(Locale.ROOT, "C = %.3g", slice.flops()));
    var line = FitPlot.line(chart, name + " parabola", parabola(slice), colour, 1.5f);
    line.setShowInLegend(false);
    if (!slice.hasOptimum()) line.setLineStyle(SeriesLines.DASH_DASH);
  }

  private static List<double[]> parabola(IsoFlopSlice slice) {
    double from = Math.pow(10, slice.centre() - slice.halfWidth());
    double to = Math.pow(10, slice.centre() + slice.halfWidth());
    return Arrays.stream(FitPlot.ratios(from, to, POINTS))
        .mapToObj(n -> new double[] {n, slice.at(Math.log10(n))})
        .toList();
  }
}
