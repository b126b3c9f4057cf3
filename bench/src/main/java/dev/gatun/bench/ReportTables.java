package dev.gatun.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/// Tables in Markdown, one a bench.
final class ReportTables {
  private ReportTables() {}

  static String of(Subject subject, List<Map<String, Object>> rows) {
    return switch (subject) {
      case boundary ->
          table(
              rows, "floor, by what|what", "ns|ns", "bytes of garbage|bytes", "|not measured here");
      case steps -> steps(rows);
      case replays ->
          table(
              rows,
              "step|what",
              "rounds|rounds",
              "C, µs|c_us",
              "replayed|replay_us",
              "replayed, % over C|replay_percent",
              "at least|replay_percent_least",
              "at most|replay_percent_most",
              "C again, % over C|another_c_percent",
              "at least|another_c_percent_least",
              "at most|another_c_percent_most");
      case kernels, ladder ->
          ceilings(rows)
              + table(
                  rated(rows),
                  "op and sizes|what",
                  "type|type",
                  "rule|rule",
                  "µs|us",
                  "GB/s|gbs",
                  "GFLOP/s|gflops",
                  "% of the ceiling|percent");
      case samples -> ceilings(rows) + samples(rated(rows));
      case optimizers ->
          ceilings(rows)
              + table(
                  rated(rows),
                  "optimizer|what",
                  "weights|weights",
                  "µs|us",
                  "of AdamW's|of_adamw",
                  "GB/s|gbs",
                  "% of the ceiling|percent");
      case hvp ->
          table(
              rows,
              "model|what",
              "gradient, µs|gradient_us",
              "gradient and product, µs|with_product_us",
              "of the gradient|of_the_gradient");
      case djl, pytorch ->
          table(
              rows,
              "work|work",
              "of|what",
              "Gatun, µs|gatun_us",
              "by|by",
              "theirs, µs|us",
              "of theirs|share");
    };
  }

  private static String steps(List<Map<String, Object>> rows) {
    return table(
            rows,
            "step|what",
            "C, µs|c_us",
            "eager|eager_us",
            "replayed|replay_us",
            "eager - C|eager_minus_c_us",
            "replayed - C|replay_minus_c_us",
            "eager, % over C|eager_percent",
            "replayed, % over C|replay_percent")
        + "\n"
        + table(
            rows.stream().filter(row -> row.containsKey("products_us")).toList(),
            "step|what",
            "replayed, µs|replay_us",
            "its products alone, µs|products_us",
            "step of its products|of_products",
            "a copy meanwhile, GB/s|copy_gbs",
            "rounds|rounds",
            "of fast memory|fast_rounds",
            "a copy in these, GB/s|fast_copy_gbs",
            "step of its products in these|fast_of_products")
        + "\n"
        + table(
            rows,
            "Java's own part|what",
            "eager, µs|java_eager_us",
            "% of the eager step|java_eager_percent",
            "replayed, µs|java_replay_us",
            "% of the replayed step|java_replay_percent",
            "eager, bytes|eager_bytes",
            "replayed, bytes|replay_bytes",
            "kernel calls|calls");
  }

  private static String ceilings(List<Map<String, Object>> rows) {
    return rows.stream()
        .filter(row -> !row.containsKey("us"))
        .map(ReportTables::ceiling)
        .collect(Collectors.joining(", ", "Ceilings of this run: ", ".\n\n"));
  }

  /// Runs of 2026-11-23 have one row for all, whose copy is of 256 MiB.
  private static String ceiling(Map<String, Object> row) {
    if (row.containsKey("array_bytes")) return memory(row);
    var product = "the fastest large product %s%s GFLOP/s";
    if (row.containsKey("type")) {
      return Text.of(product, "in " + row.get("type") + " ", cell(row.get("product_gflops")));
    }
    var copy = Text.of("a large copy %s GB/s, ", row.get("copy_gbs"));
    return copy + Text.of(product, "", row.get("product_gflops"));
  }

  /// The better of both ways.
  private static String memory(Map<String, Object> row) {
    double most = Math.max(number(row.get("copy_gbs")), number(row.get("in_place_gbs")));
    long bytes = ((Number) row.get("array_bytes")).longValue();
    return Text.of("arrays of %s %s GB/s", Text.ofBytes(bytes), cell(most));
  }

  private static List<Map<String, Object>> rated(List<Map<String, Object>> rows) {
    return rows.stream().filter(row -> row.containsKey("us")).toList();
  }

  /// Each column is "heading|key".
  private static String table(List<Map<String, Object>> rows, String... columns) {
    var text = new StringBuilder();
    for (var column : columns) text.append("| ").append(part(column, 0)).append(" ");
    text.append("|\n").append("|---".repeat(columns.length)).append("|\n");
    for (var row : rows) {
      for (var column : columns)
        text.append("| ").append(cell(row.get(part(column, 1)))).append(" ");
      text.append("|\n");
    }
    return text.toString();
  }

  private static String part(String column, int i) {
    return column.split("\\|", -1)[i];
  }

  private static String cell(Object value) {
    return switch (value) {
      case null -> "";
      case Double number when Math.abs(number) >= 100 -> Text.of("%.0f", number);
      case Double number when Math.abs(number) >= 10 -> Text.of("%.1f", number);
      case Double number -> Text.of("%.2f", number);
      default -> value.toString();
    };
  }

  /// Of each op how many samples it has, and by rule the median of their times.
  private static String samples(List<Map<String, Object>> rows) {
    var byOp = new LinkedHashMap<String, Map<String, List<Double>>>();
    for (var row : rows) {
      var op = row.get("what").toString().replaceAll("[\\[@ ].*", "");
      byOp.computeIfAbsent(op, _ -> new LinkedHashMap<>())
          .computeIfAbsent(row.get("rule").toString(), _ -> new ArrayList<>())
          .add(number(row.get("us")));
    }
    var medians = new ArrayList<Map<String, Object>>();
    byOp.forEach((op, rules) -> medians.add(medians(op, rules)));
    return table(
        medians,
        "op|op",
        "samples|samples",
        "forward, µs|forward",
        "pullback|pullback",
        "tangent|tangent",
        "pullback tangent|pullback tangent");
  }

  private static Map<String, Object> medians(String op, Map<String, List<Double>> rules) {
    var row = new LinkedHashMap<String, Object>();
    row.put("op", op);
    row.put("samples", rules.values().iterator().next().size());
    rules.forEach(
        (rule, times) ->
            row.put(
                rule, Timing.median(times.stream().mapToDouble(Double::doubleValue).toArray())));
    return row;
  }

  private static double number(Object value) {
    return ((Number) value).doubleValue();
  }
}
