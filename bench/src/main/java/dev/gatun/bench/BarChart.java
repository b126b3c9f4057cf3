package dev.gatun.bench;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Bars of what rows have reached of their ceiling, or took of a peer's time, in SVG.
final class BarChart {
  private static final int LINE = 16;
  private static final int LABELS = 560;
  private static final int SCALE = 420;
  private static final int TOP = 30;

  /// Where a bar is cut off; its number tells how long it is.
  private static final double MOST = 110;

  private BarChart() {}

  private record Bar(String label, double percent) {}

  static String ofCeilings(List<Map<String, Object>> rows) {
    return of(rows.stream().map(row -> bar(row, label(row), "percent", 1)).toList());
  }

  private static String label(Map<String, Object> row) {
    return Stream.of("what", "rule", "type")
        .filter(row::containsKey)
        .map(key -> row.get(key).toString())
        .collect(Collectors.joining(", "));
  }

  static String ofPeers(List<Map<String, Object>> rows) {
    return of(
        rows.stream()
            .map(row -> bar(row, row.get("work") + ", " + row.get("what"), "share", 100))
            .toList());
  }

  private static Bar bar(Map<String, Object> row, String label, String key, double percent) {
    double value = ((Number) row.get(key)).doubleValue();
    return new Bar(label, percent * value);
  }

  private static String of(List<Bar> bars) {
    int height = TOP + LINE * bars.size() + 10;
    var svg = new StringBuilder(head(height));
    for (int percent = 0; percent <= 100; percent += 20) svg.append(mark(percent, height));
    for (int i = 0; i < bars.size(); i++) svg.append(drawn(bars.get(i), TOP + i * LINE));
    return svg.append("</svg>\n").toString();
  }

  private static String head(int height) {
    return Text.of(
        """
        <svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="10">
        <rect width="100%%" height="100%%" fill="white"/>
        """,
        LABELS + SCALE + 60, height);
  }

  private static String mark(int percent, int height) {
    double x = LABELS + SCALE * percent / 100.0;
    return Text.of("<path d=\"M%.0f %dV%d\" stroke=\"#ddd\"/>%n", x, TOP - 4, height - 8)
        + text(x, TOP - 8, "middle", percent + " %");
  }

  private static String drawn(Bar bar, int y) {
    double width = SCALE * Math.min(bar.percent, MOST) / 100;
    return text(LABELS - 6, y + 10, "end", bar.label)
        + Text.of(
            "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"11\" fill=\"#305080\"/>%n",
            LABELS, y + 1, width)
        + text(LABELS + width + 4, y + 10, "start", Text.of("%.0f", bar.percent));
  }

  private static String text(double x, int y, String anchor, String what) {
    return Text.of(
        "<text x=\"%.0f\" y=\"%d\" text-anchor=\"%s\">%s</text>%n",
        x, y, anchor, what.replace("&", "&amp;").replace("<", "&lt;"));
  }
}
