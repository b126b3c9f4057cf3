package dev.gatun.bench;

import java.util.LinkedHashMap;
import java.util.Map;

/// Numbers of one thing measured, under its names.
record Row(Map<String, Object> fields) {
  static Row of(Subject bench, String what) {
    var row = new Row(new LinkedHashMap<>());
    row.fields.put("bench", bench.name());
    row.fields.put("what", what);
    return row;
  }

  Row with(String key, String text) {
    fields.put(key, text);
    return this;
  }

  Row with(String key, long number) {
    fields.put(key, number);
    return this;
  }

  /// To four digits, which is more than a shared machine gives.
  Row with(String key, double number) {
    if (!Double.isFinite(number)) {
      throw new BenchFailure("%s, %s: there is no number for %s", bench(), what(), key);
    }
    fields.put(key, Double.parseDouble(Text.of("%.4g", number)));
    return this;
  }

  String bench() {
    return (String) fields.get("bench");
  }

  String what() {
    return (String) fields.get("what");
  }

  @Override
  public String toString() {
    var line = new StringBuilder();
    fields.forEach(
        (key, value) ->
            line.append(key.equals("bench") ? "" : "  ").append(shown(key)).append(value));
    return line.toString();
  }

  private static String shown(String key) {
    return key.equals("bench") || key.equals("what") ? "" : key + " ";
  }
}
