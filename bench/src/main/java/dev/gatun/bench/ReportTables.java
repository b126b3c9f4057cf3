package dev.gatun.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Tables in Markdown, one a bench.
final class ReportTables {
  private ReportTables() {}

  static String of(Subject subject, List<Map<String, Object>> rows) {
    return switch (subject) {
      case boundary ->
          table(
              rows, "floor, by what|what", "ns|ns", "bytes of garbage|bytes", "|not measured here");
      case steps -> steps(rows);
      case kernels, ladder ->
          ceilings(rows)
              + table(
                  rated(rows),
                  "op and sizes|what",
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
                  "GB/s|gbs",
                  "% of the ceiling|percent");
      case hvp ->
          table(
              rows,
              "model|what",
              "gradient, µs|gradient_us",
              "gradient and product, µs|with_product_us",
              "of the gradient|of_the_gradient");
      case djl -> table(rows, "work|what", "by|by", "µs|us");
      case pytorch -> table(rows, "model|what", "work|work", "by|by", "µs|us");
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
            rows,
            "Java's own part|what",
            "eager, µs|java_eager_us",
            "replayed, µs|java_replay_us",
            "eager, bytes|eager_bytes",
            "replayed, bytes|replay_bytes",
            "kernel calls|calls");
  }

  private static String ceilings(List<Map<String, Object>> rows) {
    var measured = rows.stream().filter(row -> !row.containsKey("us")).findFirst().orElseThrow();
    return "Ceilings of this run: a large copy %s GB/s, the fastest large product %s GFLOP/s.\n\n"
        .formatted(measured.get("copy_gbs"), measured.get("product_gflops"));
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
      case Double number when Math.abs(number) >= 100 -> "%.0f".formatted(number);
      case Double number when Math.abs(number) >= 10 -> "%.1f".formatted(number);
      case Double number -> "%.2f".formatted(number);
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

  /// Steps and products beside those of the peers in the same run.
  static String besidePeers(List<Map<String, Object>> rows) {
    var compared = new ArrayList<Map<String, Object>>();
    for (var peer : rows) {
      if (!List.of("djl", "pytorch").contains(peer.get("bench"))) continue;
      for (var own : rows) if (isSameWork(own, peer)) compared.add(compared(own, peer));
    }
    if (compared.isEmpty()) return "";
    return "\n### beside peers\n\n"
        + table(
            compared,
            "work|work",
            "Gatun, µs|gatun",
            "by|by",
            "theirs, µs|theirs",
            "of theirs|share");
  }

  private static boolean isSameWork(Map<String, Object> own, Map<String, Object> peer) {
    return own.get("what").equals(peer.get("what")) && key(peer, own.get("bench")) != null;
  }

  /// The key of what a bench of our own has for a peer's work, or null.
  private static String key(Map<String, Object> peer, Object bench) {
    var work = peer.getOrDefault("work", "step");
    if (bench.equals("steps")) return work.equals("step") ? "replay_us" : null;
    if (!bench.equals("hvp")) return null;
    return work.equals("gradient") ? "gradient_us" : work.equals("step") ? null : "with_product_us";
  }

  private static Map<String, Object> compared(Map<String, Object> own, Map<String, Object> peer) {
    double gatun = number(own.get(key(peer, own.get("bench"))));
    double theirs = number(peer.get("us"));
    return Map.of(
        "work",
        own.get("what") + ", " + peer.getOrDefault("work", "step"),
        "gatun",
        gatun,
        "by",
        peer.get("by"),
        "theirs",
        theirs,
        "share",
        gatun / theirs);
  }

  private static double number(Object value) {
    return ((Number) value).doubleValue();
  }
}
