package dev.gatun.tool;

import dev.gatun.Unsupported;
import dev.gatun.store.StoreFailure;
import dev.gatun.train.JournalEntry;
import java.awt.Color;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.style.lines.SeriesLines;
import org.knowm.xchart.style.markers.SeriesMarkers;

/// The losses of a run over its steps, drawn without a display.
///
/// @param training one point a step
/// @param validation one point an evaluation
/// @param levels losses to compare with, each a dashed line across the picture, by their names
public record LossCurve(List<Point> training, List<Point> validation, Map<String, Double> levels) {
  private static final int WIDTH = 1200;
  private static final int HEIGHT = 700;
  private static final Color[] LEVEL_COLORS = {Color.GRAY, Color.DARK_GRAY, Color.LIGHT_GRAY};

  /// A loss, in nats a token, at a step.
  public record Point(long step, double loss) {}

  /// The points of a journal that have a finite number in the given field.
  public static List<Point> points(List<JournalEntry> journal, String field) {
    return journal.stream()
        .filter(entry -> Double.isFinite(entry.number(field).orElse(Double.NaN)))
        .map(entry -> new Point(entry.step(), entry.number(field).getAsDouble()))
        .toList();
  }

  /// Writes the picture, 1200 by 700 pixels; an older one there is replaced.
  ///
  /// Throws [Unsupported] where pictures cannot be drawn, and [StoreFailure] when the disk refuses.
  public void write(Path png) {
    Png.write(chart(), png);
  }

  private XYChart chart() {
    var chart = new XYChart(WIDTH, HEIGHT);
    chart.setTitle("Loss");
    chart.setXAxisTitle("step");
    chart.setYAxisTitle("nats a token");
    chart.getStyler().setChartBackgroundColor(Color.WHITE);
    add(chart, "training", training, new Color(0x9ecae1), 1);
    add(chart, "validation", validation, new Color(0x08519c), 2);
    addLevels(chart);
    return chart;
  }

  private static void add(
      XYChart chart, String name, List<Point> points, Color color, float width) {
    var finite = points.stream().filter(point -> Double.isFinite(point.loss())).toList();
    if (finite.isEmpty()) return;
    var series =
        chart.addSeries(
            name,
            finite.stream().mapToDouble(Point::step).toArray(),
            finite.stream().mapToDouble(Point::loss).toArray());
    series.setLineColor(color);
    series.setLineWidth(width);
    series.setMarkerColor(color);
    series.setMarker(finite.size() == 1 ? SeriesMarkers.CIRCLE : SeriesMarkers.NONE);
  }

  private void addLevels(XYChart chart) {
    double last =
        Stream.concat(training.stream(), validation.stream())
            .mapToDouble(Point::step)
            .max()
            .orElse(1);
    int color = 0;
    for (var level : levels.entrySet()) {
      double[] steps = {0, last};
      double[] across = {level.getValue(), level.getValue()};
      var series = chart.addSeries(level.getKey(), steps, across);
      series.setLineColor(LEVEL_COLORS[color++ % LEVEL_COLORS.length]);
      series.setLineStyle(SeriesLines.DASH_DASH);
      series.setMarker(SeriesMarkers.NONE);
    }
  }
}
