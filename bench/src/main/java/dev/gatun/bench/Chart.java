package dev.gatun.bench;

import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Stream;

/// A chart of some rows of a bench: what it shows, what the name of its file has behind the
/// bench's, and its text.
record Chart(String shows, String suffix, String svg) {
  /// The charts of a bench, of which there may be none.
  static List<Chart> of(Subject subject, List<Map<String, Object>> rows) {
    return switch (subject) {
      case kernels, ladder, optimizers ->
          Stream.of(ofProducts(rows), ofMemory(rows)).flatMap(List::stream).toList();
      case pytorch -> List.of(new Chart("share of their time", "", BarChart.ofPeers(rows)));
      default -> List.of();
    };
  }

  private static List<Chart> ofProducts(List<Map<String, Object>> rows) {
    return held("share of the fastest large product", "", rows, row -> row.containsKey("gflops"));
  }

  /// Of what every training runs, and only where memory was measured for arrays of several sizes:
  /// the share of one large copy is a matter of what the caches hold.
  private static List<Chart> ofMemory(List<Map<String, Object>> rows) {
    if (rows.stream().noneMatch(row -> row.containsKey("array_bytes"))) return List.of();
    var trained = Stream.of(Rule.FORWARD, Rule.PULLBACK).map(Rule::toString).toList();
    return held(
        "share of what memory yields",
        "-memory",
        rows,
        row ->
            row.containsKey("gbs")
                && (!row.containsKey("rule") || trained.contains(row.get("rule"))));
  }

  private static List<Chart> held(
      String shows,
      String suffix,
      List<Map<String, Object>> rows,
      Predicate<Map<String, Object>> holds) {
    var shown = rows.stream().filter(holds).toList();
    if (shown.isEmpty()) return List.of();
    return List.of(new Chart(shows, suffix, BarChart.ofCeilings(shown)));
  }
}
