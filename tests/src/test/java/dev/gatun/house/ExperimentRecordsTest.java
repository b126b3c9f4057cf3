package dev.gatun.house;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.QuickJvm;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The tables and the chart of the experiment with Sophia are what its program makes of its record.
class SophiaRecordTest {
  private static final Path EXPERIMENT =
      Path.of(System.getProperty("gatun.root"), "bench", "experiments", "sophia");

  @Test
  void tablesAndChartAreWhatTheRecordSays(@TempDir Path folder) throws Exception {
    var tables = folder.resolve("tables.md");
    var chart = folder.resolve("chart.svg");
    var report = EXPERIMENT.resolve("Report.java").toString();
    var record = EXPERIMENT.resolve("record").toString();
    var command = QuickJvm.command();
    command.addAll(List.of(report, record, tables.toString(), chart.toString()));
    var process = new ProcessBuilder(command).redirectErrorStream(true).start();
    var printed = new String(process.getInputStream().readAllBytes());
    assertEquals(0, process.waitFor(), printed);
    var expected = Files.readString(tables);
    assertTrue(
        Files.readString(EXPERIMENT.resolve("README.md")).contains(expected),
        () -> "the README of the experiment lacks this:\n" + expected);
    assertEquals(
        Files.readString(chart),
        Files.readString(EXPERIMENT.resolve("chart.svg")),
        "chart.svg is another than Report draws");
  }
}
