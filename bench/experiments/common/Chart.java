package common;

import java.util.List;
import java.util.Locale;

/// Panels of training loss over several axes, two in a row, as an SVG.
public final class Chart {
  private static final String[] COLOURS = {
    "#555555", "#c2410c", "#1d4ed8", "#15803d", "#a21caf", "#b45309", "#0e7490"
  };
  private static final int KEYS_IN_A_ROW = 6;
  private static final int WIDTH = 360, HEIGHT = 240, LEFT = 46, BOTTOM = 34, TOP = 14, GAP = 12;

  private Chart() {}

  /// A loss, and where it stands on each axis.
  public record Point(double loss, List<Double> at) {}

  public record Curve(String name, List<Point> points) {}

  public static String of(List<String> axes, List<Curve> curves) {
    int panels = (axes.size() + 1) / 2 * HEIGHT;
    var svg = new StringBuilder();
    put(
        svg,
        "<svg xmlns='http://www.w3.org/2000/svg' width='%d' height='%d' font-family='sans-serif'"
            + " font-size='11'>",
        2 * WIDTH,
        panels + 24 * ((curves.size() - 1) / KEYS_IN_A_ROW + 1));
    put(svg, "<rect width='100%%' height='100%%' fill='white'/>");
    for (int i = 0; i < axes.size(); i++) {
      put(svg, "<g transform='translate(%d %d)'>", i % 2 * WIDTH, i / 2 * HEIGHT);
      panel(svg, axes.get(i), i, curves);
      put(svg, "</g>");
    }
    for (int c = 0; c < curves.size(); c++) {
      int x = LEFT + c % KEYS_IN_A_ROW * 110, y = panels + 14 + c / KEYS_IN_A_ROW * 20;
      put(
          svg,
          "<line x1='%d' y1='%d' x2='%d' y2='%d' stroke='%s' stroke-width='2'/>",
          x,
          y - 4,
          x + 20,
          y - 4,
          COLOURS[c]);
      put(svg, "<text x='%d' y='%d'>%s</text>", x + 26, y, curves.get(c).name());
    }
    put(svg, "</svg>");
    return svg.toString();
  }

  private static void panel(StringBuilder svg, String title, int axis, List<Curve> curves) {
    double most = furthest(curves, axis), high = 3, low = Math.floor(least(curves) * 10) / 10;
    int right = WIDTH - GAP, bottom = HEIGHT - BOTTOM;
    for (double loss = low; loss <= high + 1e-9; loss += 0.2) {
      double y = bottom - (loss - low) / (high - low) * (bottom - TOP);
      put(svg, "<line x1='%d' y1='%.1f' x2='%d' y2='%.1f' stroke='#e5e5e5'/>", LEFT, y, right, y);
      put(svg, "<text x='%d' y='%.1f' text-anchor='end'>%.1f</text>", LEFT - 6, y + 4, loss);
    }
    for (int tick = 0; tick <= 4; tick++) {
      double x = LEFT + tick / 4.0 * (right - LEFT);
      put(
          svg,
          "<text x='%.1f' y='%d' text-anchor='middle'>%s</text>",
          x,
          bottom + 14,
          String.format(Locale.ROOT, "%.3g", most * tick / 4));
    }
    put(
        svg,
        "<text x='%d' y='%d' text-anchor='middle'>%s</text>",
        (LEFT + right) / 2,
        bottom + 28,
        title);
    for (int c = 0; c < curves.size(); c++) {
      var line = new StringBuilder();
      for (var point : curves.get(c).points()) {
        if (point.loss() > high) continue;
        double x = LEFT + point.at().get(axis) / most * (right - LEFT);
        double y = bottom - (point.loss() - low) / (high - low) * (bottom - TOP);
        line.append(String.format(Locale.ROOT, "%.1f,%.1f ", x, y));
      }
      put(
          svg,
          "<polyline points='%s' fill='none' stroke='%s' stroke-width='1.3'/>",
          line.toString().strip(),
          COLOURS[c]);
    }
  }

  private static double furthest(List<Curve> curves, int axis) {
    return curves.stream()
        .flatMap(curve -> curve.points().stream())
        .mapToDouble(point -> point.at().get(axis))
        .max()
        .orElseThrow();
  }

  private static double least(List<Curve> curves) {
    return curves.stream()
        .flatMap(curve -> curve.points().stream())
        .mapToDouble(Point::loss)
        .min()
        .orElseThrow();
  }

  private static void put(StringBuilder svg, String line, Object... arguments) {
    svg.append(String.format(Locale.ROOT, line, arguments)).append('\n');
  }
}
