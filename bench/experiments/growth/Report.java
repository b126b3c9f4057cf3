package growth;

import common.Chart;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// Writes the tables and the chart of the experiment out of its record.
///
///     java bench/experiments/growth/Report.java RECORD TABLES.md CHART.svg
final class Report {
  private static final List<String> AXES =
      List.of(
          "TFLOP, growth's too",
          "TFLOP, the smaller model's too",
          "seconds, growth's too",
          "seconds, the smaller model's too");

  private Path record;
  private final List<String> text = new ArrayList<>();

  void main(String[] args) throws IOException {
    record = Path.of(args[0]);
    rates();
    ends();
    speed();
    operators();
    Files.write(Path.of(args[1]), text);
    Files.writeString(Path.of(args[2]), Chart.of(AXES, curves()));
  }

  private void line(String format, Object... arguments) {
    text.add(String.format(Locale.ROOT, format, arguments));
  }

  private static String from(Arm arm) {
    return arm.isScratch() ? "" : arm.from().word();
  }

  private static String loss(double loss) {
    return Double.isFinite(loss) ? String.format(Locale.ROOT, "%.4f", loss) : "diverged";
  }

  private void rates() throws IOException {
    line("| from | | rate 0.0015 | 0.003 | 0.006 |");
    line("|---|---|---|---|---|");
    for (var way : Ways.ALL) {
      var cells = new ArrayList<String>();
      for (double rate : new double[] {Arm.RATE / 2, Arm.RATE, Arm.RATE * 2}) {
        var arm = way.withRate(rate);
        cells.add(Ways.rates(way).contains(arm) ? loss(Ways.loss(record, arm)) : "");
      }
      line("| %s | %s | %s |", from(way), way.words(), String.join(" | ", cells));
    }
    line("");
  }

  private void ends() throws IOException {
    line("| from | | loss as grown | after training, mean of 3 seeds | spread | peak memory |");
    line("|---|---|---|---|---|---|");
    for (var way : Ways.ALL) {
      var best = Ways.best(record, way);
      var seeds = Ways.seeds(record, best);
      var ends = new ArrayList<Double>();
      double grown = 0, peak = 0;
      for (var arm : seeds) {
        var rows = Ways.rows(record, arm.name());
        ends.add(Ways.loss(record, arm));
        grown += rows.lossAfter(0).orElseThrow() / seeds.size();
        peak = Math.max(peak, rows.total("peakBytes"));
      }
      var losses = ends.stream().mapToDouble(Double::doubleValue).summaryStatistics();
      line(
          "| %s | %s, %s | %.4f | %s | %.4f | %.0f MiB |",
          from(way),
          way.words(),
          best.rate(),
          grown,
          loss(losses.getAverage()),
          losses.getMax() - losses.getMin(),
          peak / (1 << 20));
    }
    line("");
  }

  /// What training from scratch would need for the loss that another way reaches, beside what that
  /// way takes: both for seed 1.
  private void speed() throws IOException {
    line(
        "| from | | loss | larger model | growth | smaller model | from scratch for that loss |"
            + " times the FLOPs | smaller model charged |");
    line("|---|---|---|---|---|---|---|---|---|");
    for (var way : Ways.ALL) {
      var best = Ways.best(record, way);
      var cost = flops(best);
      double loss = Ways.loss(record, best);
      double needed = needed(loss);
      line(
          "| %s | %s | %s | %.3g | %s | %s | %s | %s | %s |",
          from(way),
          way.words(),
          loss(loss),
          cost.training(),
          way.isLearned() ? "%.3g".formatted(cost.growth()) : "",
          way.isScratch() ? "" : "%.3g".formatted(cost.small()),
          Double.isNaN(needed) ? "beyond what was run" : "%.3g".formatted(needed),
          Double.isNaN(needed) ? "" : "%.2f".formatted(needed / (cost.training() + cost.growth())),
          Double.isNaN(needed) ? "" : "%.2f".formatted(needed / cost.all()));
    }
    line("");
  }

  /// Work of a way's three parts.
  private record Cost(double training, double growth, double small) {
    double all() {
      return training + growth + small;
    }
  }

  private Cost flops(Arm arm) throws IOException {
    double training = arm.steps() * Arm.TOKENS_PER_STEP * Size.BASE.flopsPerToken();
    if (arm.isScratch()) return new Cost(training, 0, 0);
    double small = arm.smallSteps() * Arm.TOKENS_PER_STEP * arm.from().flopsPerToken();
    if (!arm.isLearned()) return new Cost(training, 0, small);
    var end = Ways.rows(record, arm.grownName()).rows().getLast();
    return new Cost(training, end.get("operatorFlops") + end.get("modelFlops"), small);
  }

  private Cost seconds(Arm arm) throws IOException {
    double training = Ways.rows(record, arm.name()).total("seconds");
    if (arm.isScratch()) return new Cost(training, 0, 0);
    double small = Ways.rows(record, arm.smallName()).total("seconds");
    double growth = arm.isLearned() ? Ways.rows(record, arm.grownName()).total("seconds") : 0;
    return new Cost(training, growth, small);
  }

  /// FLOPs of training from scratch to a loss, read off its three lengths, between which the loss
  /// falls linearly in the logarithm of the steps; NaN outside.
  private double needed(double loss) throws IOException {
    var scratch = Ways.best(record, Arm.scratch());
    var lengths = new ArrayList<Arm>();
    for (long steps : new long[] {Arm.STEPS / 2, Arm.STEPS, Arm.STEPS * 2}) {
      lengths.add(scratch.withSteps(steps));
    }
    for (int i = 0; i < 2; i++) {
      double above = Ways.loss(record, lengths.get(i));
      double below = Ways.loss(record, lengths.get(i + 1));
      if (loss > above || loss < below) continue;
      double steps = lengths.get(i).steps() * Math.pow(2, (above - loss) / (above - below));
      return steps * Arm.TOKENS_PER_STEP * Size.BASE.flopsPerToken();
    }
    return Double.NaN;
  }

  /// What the hundred steps of LiGO change, for each seed.
  private void operators() throws IOException {
    line("| from | LiGO, seed | loss as begun | after its steps | farthest moved | least moved |");
    line("|---|---|---|---|---|---|");
    for (var way : Ways.ALL) {
      if (!way.isLearned()) continue;
      for (var arm : Ways.seeds(record, Ways.best(record, way))) {
        var rows = Ways.rows(record, arm.grownName());
        var moved =
            rows.rows().getLast().entrySet().stream()
                .filter(field -> field.getKey().startsWith("moved."))
                .sorted(Map.Entry.comparingByValue())
                .toList();
        line(
            "| %s%s | %d | %.4f | %.4f | %s | %s |",
            from(way),
            way.smallSteps() == Arm.STEPS ? "" : ", trained briefly",
            arm.seed(),
            rows.lossAfter(0).orElseThrow(),
            rows.rows().getLast().get("validationLoss"),
            words(moved.getLast()),
            words(moved.getFirst()));
      }
    }
  }

  private static String words(Map.Entry<String, Double> moved) {
    var map = moved.getKey().substring("moved.".length());
    return String.format(Locale.ROOT, "%s %.1f %%", map, 100 * moved.getValue());
  }

  private List<Chart.Curve> curves() throws IOException {
    var curves = new ArrayList<Chart.Curve>();
    for (var way : Ways.DRAWN) {
      var best = Ways.best(record, way);
      curves.add(new Chart.Curve(key(way), points(best)));
    }
    return curves;
  }

  private static String key(Arm way) {
    return way.isScratch() ? way.words() : way.method() + " " + way.from().word();
  }

  private List<Chart.Point> points(Arm arm) throws IOException {
    var flops = flops(arm);
    var time = seconds(arm);
    double done = 0, passed = 0;
    var points = new ArrayList<Chart.Point>();
    for (var row : Ways.rows(record, arm.name()).rows()) {
      if (!row.containsKey("loss")) continue;
      done += row.get("tokens") * Size.BASE.flopsPerToken();
      passed += row.get("seconds");
      points.add(
          new Chart.Point(
              row.get("loss"),
              List.of(
                  (flops.growth() + done) / 1e12,
                  (flops.growth() + flops.small() + done) / 1e12,
                  time.growth() + passed,
                  time.growth() + time.small() + passed)));
    }
    return points;
  }
}
