package dev.gatun.tool;

import java.awt.Color;
import java.util.List;
import java.util.Locale;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.lines.SeriesLines;
import org.knowm.xchart.style.markers.Marker;
import org.knowm.xchart.style.markers.SeriesMarkers;

/// What the pictures of a fit share: white ground, a logarithmic x, colours that go from small
/// (dark blue) to large (yellow-green) and read the same in grey.
final class FitPlot {
  static final Color ACCENT = new Color(0xc0392b);
  private static final int WIDTH = 1200;
  private static final int HEIGHT = 800;
  private static final int[] RAMP = {0x440154, 0x3b528b, 0x21918c, 0x5ec962, 0xc8d92b};

  private FitPlot() {}

  static XYChart blank(String title, String x, String y) {
    var chart = new XYChart(WIDTH, HEIGHT);
    chart.setTitle(title);
    chart.setXAxisTitle(x);
    chart.setYAxisTitle(y);
    var styler = chart.getStyler();
    styler.setChartBackgroundColor(Color.WHITE);
    styler.setPlotGridLinesColor(new Color(0xe6e6e6));
    styler.setPlotBorderVisible(false);
    styler.setXAxisLogarithmic(true);
    styler.setLocale(Locale.ROOT);
    return chart;
  }

  /// The colour of `share` of the way, from 0 to 1.
  static Color colour(double share) {
    double at = Math.clamp(share, 0, 1) * (RAMP.length - 1);
    int below = Math.min((int) at, RAMP.length - 2);
    var low = new Color(RAMP[below]);
    var high = new Color(RAMP[below + 1]);
    double mix = at - below;
    return new Color(
        (int) Math.round(low.getRed() + mix * (high.getRed() - low.getRed())),
        (int) Math.round(low.getGreen() + mix * (high.getGreen() - low.getGreen())),
        (int) Math.round(low.getBlue() + mix * (high.getBlue() - low.getBlue())));
  }

  static XYSeries line(
      XYChart chart, String name, List<double[]> points, Color colour, float width) {
    var series = add(chart, name, points);
    series.setLineColor(colour);
    series.setLineStyle(SeriesLines.SOLID);
    series.setLineWidth(width);
    series.setMarker(SeriesMarkers.NONE);
    return series;
  }

  static XYSeries markers(
      XYChart chart, String name, List<double[]> points, Color colour, Marker marker) {
    var series = add(chart, name, points);
    series.setLineStyle(SeriesLines.NONE);
    series.setMarker(marker);
    series.setMarkerColor(colour);
    return series;
  }

  private static XYSeries add(XYChart chart, String name, List<double[]> points) {
    return chart.addSeries(
        name,
        points.stream().mapToDouble(point -> point[0]).toArray(),
        points.stream().mapToDouble(point -> point[1]).toArray());
  }

  /// `count` values from `from` to `to` in equal ratios.
  static double[] ratios(double from, double to, int count) {
    var values = new double[count];
    for (int i = 0; i < count; i++) values[i] = from * Math.pow(to / from, i / (count - 1.0));
    return values;
  }
}
