package dev.gatun.bench;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The rows of a run, printed as they come.
final class Rows {
  private final List<Row> all = new ArrayList<>();

  void add(Row row) {
    all.add(row);
    System.out.println(row);
  }

  /// Writes them into `folder`, which is there: one file a run, with where and how it was measured.
  Path write(Path folder, Map<String, Object> environment) throws IOException {
    var file = folder.resolve(fileName(environment));
    var content = new LinkedHashMap<String, Object>();
    content.put("environment", environment);
    content.put("rows", all.stream().map(Row::fields).toList());
    Files.writeString(
        file, JSON.std.with(JSON.Feature.PRETTY_PRINT_OUTPUT).asString(content) + "\n");
    return file;
  }

  private static String fileName(Map<String, Object> environment) {
    var began = environment.get("began").toString().replace(":", "");
    return "%s-%s.json".formatted(environment.get("backend"), began);
  }
}
