import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/// Four panels of training loss, over steps, tokens, FLOPs and time, as an SVG.
final class Chart {
  private static final String[] COLOURS = {"#555555", "#c2410c", "#1d4ed8"};
  private static final int WIDTH = 360, HEIGHT = 240, LEFT = 46, BOTTOM = 34, TOP = 14, GAP = 12;

  private Chart() {}

  record Point(double loss, double steps, double millionTokens, double teraFlops, double seconds) {}

  record Curve(String name, List<Point> points) {}

  private record Axis(String title, ToDoubleFunction<Point> of) {}

  private static final List<Axis> AXES =
      List.of(
          new Axis("steps", Point::steps),
          new Axis("million tokens, curvature's too", Point::millionTokens),
          new Axis("TFLOP", Point::teraFlops),
          new Axis("seconds of training", Point::seconds));

  static String of(List<Curve> curves) {
    var svg = new StringBuilder();
    put(
        svg,
        "<svg xmlns='http://www.w3.org/2000/svg' width='%d' height='%d' font-family='sans-serif'"
            + " font-size='11'>",
        2 * WIDTH,
        2 * HEIGHT + 24);
    put(svg, "<rect width='100%%' height='100%%' fill='white'/>");
    for (int i = 0; i < AXES.size(); i++) {
      put(svg, "<g transform='translate(%d %d)'>", i % 2 * WIDTH, i / 2 * HEIGHT);
      panel(svg, AXES.get(i), curves);
      put(svg, "</g>");
    }
    for (int c = 0; c < curves.size(); c++) {
      int x = LEFT + c * 110, y = 2 * HEIGHT + 14;
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

  private static void panel(StringBuilder svg, Axis axis, List<Curve> curves) {
    double most = ends(curves, axis.of()), high = 3, low = Math.floor(least(curves) * 10) / 10;
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
        axis.title());
    for (int c = 0; c < curves.size(); c++) {
      var line = new StringBuilder();
      for (var point : curves.get(c).points()) {
        if (point.loss() > high) continue;
        double x = LEFT + axis.of().applyAsDouble(point) / most * (right - LEFT);
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

  private static double ends(List<Curve> curves, ToDoubleFunction<Point> of) {
    return curves.stream()
        .flatMap(curve -> curve.points().stream())
        .mapToDouble(of)
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
