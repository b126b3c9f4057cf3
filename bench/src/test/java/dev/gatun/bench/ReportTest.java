package dev.gatun.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A report of a run of two rows, one bound by its products and one by memory.
class ReportTest {
  private static final String RUN =
      """
      {"environment": {"began": "2026-01-02T03:04:05Z", "cpu": "Some CPU", "backend": "cpu",
        "gatun matrix products": "oneDNN 1.2", "failed": ["ladder third"], "command": "gatun bench"},
       "rows": [
        {"bench": "ladder", "what": "ceilings", "copy_gbs": 50.0, "product_gflops": 400.0},
        {"bench": "ladder", "what": "first", "rule": "forward", "us": 2.0, "bytes": 8.0,
         "flops": 8.0, "gflops": 200.0, "percent": 50.0},
        {"bench": "ladder", "what": "second", "rule": "forward", "us": 123.4, "bytes": 8.0,
         "flops": 0.0, "gbs": 500.0, "percent": 1000.0}]}
      """;

  @TempDir private Path folder;

  @Test
  void saysWhatTheNumbersSay() throws IOException {
    Files.writeString(folder.resolve("HEAD.md"), "# Head\n");
    Files.writeString(folder.resolve("cpu-2026.json"), RUN);
    Report.main(new String[] {folder.toString()});
    var text = Files.readString(folder.resolve("README.md"));
    assertTrue(text.startsWith("# Head\n\n## Some CPU\n"), text);
    assertTrue(text.contains("\ngatun matrix products: oneDNN 1.2  \n"), text);
    assertTrue(text.contains("\nfailed: [ladder third]  \n"), text);
    assertTrue(text.contains("| first | forward | 2.00 |  | 200 | 50.0 |\n"), text);
    assertTrue(text.contains("| second | forward | 123 | 500 |  | 1000 |\n"), text);
    assertTrue(text.endsWith("No GPU has run them yet.\n"), text);
  }

  @Test
  void drawsWhatProductsBound() throws IOException {
    Files.writeString(folder.resolve("HEAD.md"), "");
    Files.writeString(folder.resolve("cpu-2026.json"), RUN);
    Report.main(new String[] {folder.toString()});
    var chart = Files.readString(folder.resolve("cpu-2026-ladder.svg"));
    assertTrue(chart.contains(">first, forward<"), chart);
    assertEquals(-1, chart.indexOf("second"));
  }
}
