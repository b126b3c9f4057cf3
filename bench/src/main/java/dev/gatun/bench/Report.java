package dev.gatun.bench;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/// Makes `README.md` of the numbers in a folder: what `HEAD.md` says, a section a run on the CPU
/// (`cpu-*.json`, as [Bench] writes them), and the sections of GPUs as `native/gpu-proof.sh` left
/// them.
///
///     java -cp bench/target/benchmarks.jar dev.gatun.bench.Report bench/results
public final class Report {
  private Report() {}

  public static void main(String[] words) throws IOException {
    if (words.length != 1) {
      System.err.println("gatun: name the one folder whose numbers make the report");
      System.exit(2);
    }
    var folder = Path.of(words[0]);
    var cpu = new StringBuilder();
    for (var run : files(folder, "cpu-*.json")) cpu.append(section(folder, run)).append("\n");
    Files.writeString(folder.resolve("cpu.md"), cpu.toString().stripTrailing() + "\n");
    var parts = new ArrayList<String>();
    parts.add(Files.readString(folder.resolve("HEAD.md")).strip());
    parts.add(cpu.toString().strip());
    var gpus = files(folder, "gpu-*.md");
    for (var gpu : gpus) parts.add(Files.readString(gpu).strip());
    if (gpus.isEmpty()) parts.add("No GPU has run them yet.");
    Files.writeString(folder.resolve("README.md"), String.join("\n\n", parts) + "\n");
  }

  private static List<Path> files(Path folder, String pattern) throws IOException {
    try (var found = Files.newDirectoryStream(folder, pattern)) {
      var sorted = new ArrayList<Path>();
      found.forEach(sorted::add);
      sorted.sort(null);
      return sorted;
    }
  }

  /// Of one run, with its charts beside it.
  private static String section(Path folder, Path run) throws IOException {
    Map<String, Object> content = JSON.std.mapFrom(Files.readString(run));
    var environment = map(content.get("environment"));
    var rows = ((List<?>) content.get("rows")).stream().map(Report::map).toList();
    var text = new StringBuilder(head(environment));
    for (var subject : Subject.values()) {
      var own = rows.stream().filter(row -> row.get("bench").equals(subject.name())).toList();
      if (own.isEmpty()) continue;
      text.append("\n### ").append(subject).append("\n\n").append(ReportTables.of(subject, own));
      for (var chart : Chart.of(subject, own)) {
        var ending = "-%s%s.svg".formatted(subject, chart.suffix());
        var name = run.getFileName().toString().replace(".json", ending);
        Files.writeString(folder.resolve(name), chart.svg());
        text.append("\n![%s](%s)\n".formatted(chart.shows(), name));
      }
    }
    return text.toString();
  }

  private static String head(Map<String, Object> environment) {
    var text = new StringBuilder("## %s\n\n".formatted(environment.get("cpu")));
    Stream.of(
            "began",
            "cores",
            "load",
            "os",
            "jdk",
            "backend",
            "gatun matrix products",
            "commit",
            "failed",
            "not measured")
        .filter(environment::containsKey)
        .forEach(key -> text.append("%s: %s  \n".formatted(key, environment.get(key))));
    return text.append("`%s`\n".formatted(environment.get("command"))).toString();
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> map(Object value) {
    return (Map<String, Object>) value;
  }
}
