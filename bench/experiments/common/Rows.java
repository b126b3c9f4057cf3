package common;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// The lines of a journal that hold numbers, and the record that is kept of them: evaluations as
/// they are, steps twenty to a row, their loss and unclipped share averaged, all else added up.
public record Rows(List<Map<String, Double>> rows) {
  private static final int TOGETHER = 20;
  private static final Pattern FIELD =
      Pattern.compile("\"([\\w.]+)\":(-?[0-9.]+(?:[eE][-+]?\\d+)?|true|false)");

  public static Rows read(Path file) throws IOException {
    var rows = new ArrayList<Map<String, Double>>();
    for (var line : Files.readAllLines(file)) {
      var row = new LinkedHashMap<String, Double>();
      var fields = FIELD.matcher(line);
      while (fields.find()) row.put(fields.group(1), number(fields.group(2)));
      if (!row.isEmpty()) rows.add(row);
    }
    return new Rows(rows);
  }

  private static double number(String text) {
    return switch (text) {
      case "true" -> 1;
      case "false" -> 0;
      default -> Double.parseDouble(text);
    };
  }

  public void write(Path file) throws IOException {
    var lines = new ArrayList<String>();
    for (var row : rows) {
      lines.add(
          row.entrySet().stream()
              .map(field -> "\"%s\":%s".formatted(field.getKey(), field.getValue()))
              .collect(Collectors.joining(",", "{", "}")));
    }
    Files.write(file, lines);
  }

  public Rows condensed() {
    var kept = new ArrayList<Map<String, Double>>();
    var group = new ArrayList<Map<String, Double>>();
    for (var row : rows) {
      boolean isStep = row.containsKey("loss");
      if (isStep) group.add(row);
      if (!group.isEmpty() && (!isStep || group.size() == TOGETHER)) {
        kept.add(joined(group));
        group.clear();
      }
      if (!isStep) kept.add(row);
    }
    if (!group.isEmpty()) kept.add(joined(group));
    return new Rows(kept);
  }

  private static Map<String, Double> joined(List<Map<String, Double>> group) {
    var row = new LinkedHashMap<String, Double>();
    row.put("step", group.getLast().get("step"));
    row.put("loss", sum(group, "loss") / group.size());
    if (group.getFirst().containsKey("unclippedShare")) {
      row.put("unclippedShare", sum(group, "unclippedShare") / group.size());
    }
    for (var field :
        List.of(
            "gradientClipped",
            "tokens",
            "seconds",
            "curvatureTokens",
            "curvatureFlops",
            "curvatureSeconds")) {
      row.put(field, sum(group, field));
    }
    return row;
  }

  private static double sum(List<Map<String, Double>> some, String field) {
    return some.stream().mapToDouble(row -> row.getOrDefault(field, 0.0)).sum();
  }

  /// With the most memory that the run held, in bytes, in a row of its own.
  public Rows withPeak(long bytes) {
    var all = new ArrayList<>(rows);
    all.add(Map.of("peakBytes", (double) bytes));
    return new Rows(all);
  }

  public double total(String field) {
    return sum(rows, field);
  }

  public OptionalDouble mean(String field) {
    return rows.stream().filter(r -> r.containsKey(field)).mapToDouble(r -> r.get(field)).average();
  }

  /// Of the last evaluation after so many steps; empty where a run did not come so far.
  public OptionalDouble lossAfter(long steps) {
    return rows.stream()
        .filter(row -> row.containsKey("validationLoss") && row.get("step") >= steps)
        .mapToDouble(row -> row.get("validationLoss"))
        .findFirst();
  }
}
