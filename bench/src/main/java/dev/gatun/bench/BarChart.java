package dev.gatun.bench;

import java.util.List;
import java.util.Map;

/// Bars of what rows have reached of their ceilings, in SVG, in the colours of
/// `bench/native/chart.awk`. Longer than the scale is what does not leave the caches.
final class BarChart {
  private static final int LINE = 16;
  private static final int LABELS = 560;
  private static final int SCALE = 420;
  private static final int TOP = 30;
  private static final double MOST = 110;

  private BarChart() {}

  static String of(List<Map<String, Object>> rows) {
    var bars = rows.stream().filter(row -> row.containsKey("percent")).toList();
    int height = TOP + LINE * bars.size() + 10;
    var svg = new StringBuilder(head(height));
    for (int percent = 0; percent <= 100; percent += 20) svg.append(mark(percent, height));
    for (int i = 0; i < bars.size(); i++) svg.append(bar(bars.get(i), TOP + i * LINE));
    return svg.append("</svg>\n").toString();
  }

  private static String head(int height) {
    return """
    <svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="10">
    <rect width="100%%" height="100%%" fill="white"/>
    """
        .formatted(LABELS + SCALE + 60, height);
  }

  private static String mark(int percent, int height) {
    double x = LABELS + SCALE * percent / 100.0;
    return "<path d=\"M%.0f %dV%d\" stroke=\"#ddd\"/>%n".formatted(x, TOP - 4, height - 8)
        + text(x, TOP - 8, "middle", percent + " %");
  }

  private static String bar(Map<String, Object> row, int y) {
    double percent = ((Number) row.get("percent")).doubleValue();
    double width = SCALE * Math.min(percent, MOST) / 100;
    var colour = row.containsKey("gflops") ? "#305080" : "#90b0d8";
    return text(LABELS - 6, y + 10, "end", row.get("what") + ", " + row.get("rule"))
        + "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"11\" fill=\"%s\"/>%n"
            .formatted(LABELS, y + 1, width, colour)
        + text(LABELS + width + 4, y + 10, "start", "%.0f".formatted(percent));
  }

  private static String text(double x, int y, String anchor, String what) {
    return "<text x=\"%.0f\" y=\"%d\" text-anchor=\"%s\">%s</text>%n"
        .formatted(x, y, anchor, what.replace("&", "&amp;").replace("<", "&lt;"));
  }
}
