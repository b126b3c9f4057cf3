package sophia;

import common.Chart;
import common.Rows;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;

/// Writes the tables and the chart of the experiment out of its record.
///
///     java bench/experiments/sophia/Report.java RECORD TABLES.md CHART.svg
final class Report {
  private static final List<String> AXES =
      List.of("steps", "million tokens, curvature's too", "TFLOP", "seconds of training");

  void main(String[] args) throws IOException {
    var record = Path.of(args[0]);
    var found = new ArrayList<Found>();
    for (var optimizer : Trial.OPTIMIZERS) {
      var best = best(record, optimizer);
      found.add(new Found(best, rows(record, best)));
    }
    var text = new ArrayList<String>();
    sweeps(record, text);
    ends(record, found, text);
    speed(record, found, text);
    ablations(record, found, text);
    Files.write(Path.of(args[1]), text);
    Files.writeString(Path.of(args[2]), Chart.of(AXES, curves(found)));
  }

  /// A trial that has a record.
  record Found(Trial trial, Rows rows) {
    double loss() {
      return rows.lossAfter(trial.steps()).orElse(Double.POSITIVE_INFINITY);
    }

    double tokens() {
      return rows.total("tokens") + rows.total("curvatureTokens");
    }

    double flops() {
      return rows.total("tokens") * Trial.FLOPS_PER_TOKEN + rows.total("curvatureFlops");
    }
  }

  Rows rows(Path record, Trial trial) throws IOException {
    return Rows.read(record.resolve(trial.name() + ".jsonl"));
  }

  boolean exists(Path record, Trial trial) {
    return Files.exists(record.resolve(trial.name() + ".jsonl"));
  }

  /// Every power of two times 3e-3 that was tried.
  List<Trial> sweep(Path record, String optimizer) {
    return DoubleStream.iterate(3e-3 / 1024, rate -> rate < 10, rate -> rate * 2)
        .mapToObj(rate -> Trial.of(optimizer, rate))
        .filter(trial -> exists(record, trial))
        .toList();
  }

  Trial best(Path record, String optimizer) throws IOException {
    var found = new ArrayList<Found>();
    for (var trial : sweep(record, optimizer)) found.add(new Found(trial, rows(record, trial)));
    return found.stream().min(Comparator.comparingDouble(Found::loss)).orElseThrow().trial();
  }

  void sweeps(Path record, List<String> text) throws IOException {
    var rates =
        Trial.OPTIMIZERS.stream()
            .flatMap(optimizer -> sweep(record, optimizer).stream())
            .map(Trial::rate)
            .distinct()
            .sorted()
            .toList();
    text.add("| rate |" + rates.stream().map(r -> " " + Trial.text(r) + " |").collect(joined()));
    text.add("|---|" + "---|".repeat(rates.size()));
    for (var optimizer : Trial.OPTIMIZERS) {
      var cells = new StringBuilder("| " + optimizer + " |");
      for (double rate : rates) {
        var trial = Trial.of(optimizer, rate);
        cells.append(" ");
        if (exists(record, trial)) cells.append(loss(new Found(trial, rows(record, trial)).loss()));
        cells.append(" |");
      }
      text.add(cells.toString());
    }
    text.add("");
  }

  static java.util.stream.Collector<CharSequence, ?, String> joined() {
    return Collectors.joining();
  }

  String loss(double loss) {
    return Double.isFinite(loss) ? String.format(Locale.ROOT, "%.4f", loss) : "diverged";
  }

  void ends(Path record, List<Found> found, List<String> text) throws IOException {
    text.add(
        "| at its best rate | loss, mean of 3 seeds | spread | tokens, curvature's too | FLOPs |"
            + " seconds | peak memory | coordinates not clipped | gradients clipped |");
    text.add("|---|---|---|---|---|---|---|---|---|");
    for (var each : found) {
      var seeds = seeds(record, each);
      var losses = seeds.stream().mapToDouble(Found::loss).summaryStatistics();
      var rows = each.rows();
      text.add(
          String.format(
              Locale.ROOT,
              "| %s, %s | %s | %.4f | %.3fM | %.3g | %.0f | %.0f MiB | %s | %.0f %% |",
              each.trial().optimizer(),
              Trial.text(each.trial().rate()),
              loss(losses.getAverage()),
              losses.getMax() - losses.getMin(),
              each.tokens() / 1e6,
              each.flops(),
              median(seeds, seed -> seed.rows().total("seconds")),
              median(seeds, seed -> seed.rows().total("peakBytes")) / (1 << 20),
              rows.mean("unclippedShare").isEmpty()
                  ? ""
                  : "%.0f %%".formatted(100 * rows.mean("unclippedShare").getAsDouble()),
              100 * rows.total("gradientClipped") / each.trial().steps()));
    }
    text.add("");
  }

  /// The seeds of a trial that have a record.
  List<Found> seeds(Path record, Found first) throws IOException {
    var all = new ArrayList<>(List.of(first));
    for (long seed = 2; seed <= 3; seed++) {
      var trial = first.trial().withSeed(seed);
      if (exists(record, trial)) all.add(new Found(trial, rows(record, trial)));
    }
    return all;
  }

  double median(List<Found> some, ToDoubleFunction<Found> of) {
    return some.stream().mapToDouble(of).sorted().skip(some.size() / 2).findFirst().orElseThrow();
  }

  /// What AdamW would need for the loss that another reaches: read off its own three lengths,
  /// between which the loss falls linearly in the logarithm of the steps.
  void speed(Path record, List<Found> found, List<String> text) throws IOException {
    var adamw = found.getFirst();
    var lengths = new ArrayList<Found>();
    for (long steps : new long[] {Trial.STEPS / 2, Trial.STEPS, Trial.STEPS * 2}) {
      var trial = steps == Trial.STEPS ? adamw.trial() : adamw.trial().withSteps(steps);
      lengths.add(new Found(trial, rows(record, trial)));
    }
    text.add("| | steps | loss | AdamW needs as many steps | times the steps | times the FLOPs |");
    text.add("|---|---|---|---|---|---|");
    for (var each : Stream.concat(lengths.stream(), found.stream().skip(1)).toList()) {
      double needed = needed(lengths, each.loss());
      boolean isKnown =
          needed > lengths.getFirst().trial().steps() * 0.999
              && needed < lengths.getLast().trial().steps() * 1.001;
      double flops = needed * Trial.TOKENS_PER_STEP * Trial.FLOPS_PER_TOKEN;
      text.add(
          String.format(
              Locale.ROOT,
              "| %s | %d | %s | %s | %s | %s |",
              each.trial().optimizer(),
              each.trial().steps(),
              loss(each.loss()),
              isKnown ? "%.0f".formatted(needed) : "beyond what was run",
              isKnown ? "%.2f".formatted(needed / each.trial().steps()) : "",
              isKnown ? "%.2f".formatted(flops / each.flops()) : ""));
    }
    text.add("");
  }

  double needed(List<Found> lengths, double loss) {
    int i = loss > lengths.get(1).loss() ? 0 : 1;
    Found shorter = lengths.get(i), longer = lengths.get(i + 1);
    double part = (shorter.loss() - loss) / (shorter.loss() - longer.loss());
    double ratio = (double) longer.trial().steps() / shorter.trial().steps();
    return shorter.trial().steps() * Math.pow(ratio, part);
  }

  void ablations(Path record, List<Found> found, List<String> text) throws IOException {
    text.add("| | curvature every 1 | every 10 | every 100 | every 10, unclipped |");
    text.add("|---|---|---|---|---|");
    for (var each : found.subList(1, found.size())) {
      var trial = each.trial();
      double gamma = trial.optimizer().equals("sophia-h") ? 0.01 : 0.05;
      var cells = new StringBuilder("| " + trial.optimizer() + " |");
      for (var other :
          List.of(
              trial.refreshedEvery(1),
              trial,
              trial.refreshedEvery(100),
              trial.unclipped(gamma, 0.2))) {
        var rows = rows(record, other);
        var end = new Found(other, rows);
        cells.append(" ");
        cells.append(
            Double.isFinite(end.loss()) ? loss(end.loss()) : "diverged at step " + last(rows));
        cells.append(" |");
      }
      text.add(cells.toString());
    }
    text.add("");
  }

  long last(Rows rows) {
    return rows.rows().stream()
        .filter(row -> row.containsKey("loss"))
        .mapToLong(row -> row.get("step").longValue())
        .max()
        .orElse(0);
  }

  List<Chart.Curve> curves(List<Found> found) {
    var curves = new ArrayList<Chart.Curve>();
    for (var each : found) {
      double steps = 0, tokens = 0, flops = 0, seconds = 0;
      var points = new ArrayList<Chart.Point>();
      for (var row : each.rows().rows()) {
        if (!row.containsKey("loss")) continue;
        steps = row.get("step") + 1;
        tokens += row.get("tokens") + row.get("curvatureTokens");
        flops += row.get("tokens") * Trial.FLOPS_PER_TOKEN + row.get("curvatureFlops");
        seconds += row.get("seconds");
        points.add(
            new Chart.Point(row.get("loss"), List.of(steps, tokens / 1e6, flops / 1e12, seconds)));
      }
      curves.add(new Chart.Curve(each.trial().optimizer(), points));
    }
    return curves;
  }
}
