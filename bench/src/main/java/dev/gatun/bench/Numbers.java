package dev.gatun.bench;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.Map;

/// The file of a run: its rows, with where and how it was measured, and which cases failed or have
/// not been measured yet.
final class Numbers {
  private final Path file;
  private final Map<String, Object> environment;
  private final Rows rows;

  /// In `folder`, which is there.
  Numbers(Path folder, Map<String, Object> environment, Rows rows) {
    var began = environment.get("began").toString().replace(":", "");
    file = folder.resolve("%s-%s.json".formatted(environment.get("backend"), began));
    this.environment = environment;
    this.rows = rows;
  }

  Path file() {
    return file;
  }

  /// Written anew behind each case: a run that is cut off keeps what it has measured.
  void write(Progress progress) {
    var about = new LinkedHashMap<>(environment);
    if (!progress.failed().isEmpty()) about.put("failed", progress.failed());
    if (!progress.toCome().isEmpty()) about.put("not measured", progress.toCome());
    var content = new LinkedHashMap<String, Object>();
    content.put("environment", about);
    content.put("rows", rows.all().stream().map(Row::fields).toList());
    var part = file.resolveSibling(file.getFileName() + ".part");
    try {
      Files.writeString(
          part, JSON.std.with(JSON.Feature.PRETTY_PRINT_OUTPUT).asString(content) + "\n");
      Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new BenchFailure("%s could not be written: %s", file, e);
    }
  }
}
