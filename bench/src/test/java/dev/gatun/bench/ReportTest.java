package dev.gatun.bench;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A report of a run of two rows, one bound by its products and one by memory: as runs are, and as
/// they were when memory was measured by one large copy.
class ReportTest {
  private static final String OF_ONE_COPY =
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

  private static final String RUN =
      """
      {"environment": {"began": "2026-01-02T03:04:05Z", "cpu": "Some CPU", "backend": "cpu",
        "command": "gatun bench"},
       "rows": [
        {"bench": "kernels", "what": "ceilings", "array_bytes": 65536, "copy_gbs": 50.0,
         "in_place_gbs": 70.0},
        {"bench": "kernels", "what": "ceilings", "array_bytes": 4194304, "copy_gbs": 45.0,
         "in_place_gbs": 40.0},
        {"bench": "kernels", "what": "ceilings", "type": "bf16", "product_gflops": 400.0},
        {"bench": "kernels", "what": "first", "type": "bf16", "rule": "forward", "us": 2.0,
         "bytes": 8.0, "flops": 8.0, "gflops": 200.0, "percent": 50.0},
        {"bench": "kernels", "what": "second", "type": "bf16", "rule": "forward", "us": 2.0,
         "bytes": 8.0, "gbs": 45.0, "percent": 90.0},
        {"bench": "kernels", "what": "second", "type": "bf16", "rule": "tangent", "us": 2.0,
         "bytes": 8.0, "gbs": 45.0, "percent": 90.0}]}
      """;

  @TempDir private Path folder;

  @Test
  void saysWhatTheNumbersSay() throws IOException {
    var text = report(OF_ONE_COPY);
    assertTrue(text.startsWith("# Head\n\n## Some CPU\n"), text);
    assertTrue(text.contains("\ngatun matrix products: oneDNN 1.2  \n"), text);
    assertTrue(text.contains("\nfailed: [ladder third]  \n"), text);
    assertTrue(text.contains("| first |  | forward | 2.00 |  | 200 | 50.0 |\n"), text);
    assertTrue(text.contains("| second |  | forward | 123 | 500 |  | 1000 |\n"), text);
    assertTrue(text.endsWith("No GPU has run them yet.\n"), text);
  }

  @Test
  void saysWhatRowsAreHeldTo() throws IOException {
    var one = "a large copy 50.0 GB/s, the fastest large product 400.0 GFLOP/s.";
    assertTrue(report(OF_ONE_COPY).contains("\nCeilings of this run: " + one + "\n"));
    var all =
        "arrays of 64 KiB 70.0 GB/s, arrays of 4 MiB 45.0 GB/s, the fastest large product in bf16"
            + " 400 GFLOP/s.";
    var text = report(RUN);
    assertTrue(text.contains("\nCeilings of this run: " + all + "\n"), text);
    assertTrue(text.contains("| second | bf16 | forward | 2.00 | 45.0 |  | 90.0 |\n"), text);
  }

  @Test
  void drawsOfOneCopyWhatProductsBound() throws IOException {
    report(OF_ONE_COPY);
    var chart = chart("ladder");
    assertTrue(chart.contains(">first, forward<"), chart);
    assertFalse(chart.contains("second"), chart);
    assertFalse(Files.exists(folder.resolve("cpu-2026-ladder-memory.svg")));
  }

  @Test
  void drawsWhatMemoryBindsOfEveryTraining() throws IOException {
    report(RUN);
    assertFalse(chart("kernels").contains("second"));
    var chart = chart("kernels-memory");
    assertTrue(chart.contains(">second, forward, bf16<"), chart);
    assertFalse(chart.contains("tangent"), chart);
    assertFalse(chart.contains("first"), chart);
  }

  private String chart(String name) throws IOException {
    return Files.readString(folder.resolve("cpu-2026-" + name + ".svg"));
  }

  private String report(String run) throws IOException {
    Files.writeString(folder.resolve("HEAD.md"), "# Head\n");
    Files.writeString(folder.resolve("cpu-2026.json"), run);
    Report.main(new String[] {folder.toString()});
    return Files.readString(folder.resolve("README.md"));
  }
}
