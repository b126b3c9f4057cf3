package dev.gatun.house;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.QuickJvm;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The tables and the chart of an experiment are what its program makes of its record.
class ExperimentRecordsTest {
  private static final Path EXPERIMENTS =
      Path.of(System.getProperty("gatun.root"), "bench", "experiments");

  @ParameterizedTest
  @ValueSource(strings = {"sophia", "growth"})
  void tablesAndChartAreWhatTheRecordSays(String name, @TempDir Path folder) throws Exception {
    var experiment = EXPERIMENTS.resolve(name);
    var tables = folder.resolve("tables.md");
    var chart = folder.resolve("chart.svg");
    var report = experiment.resolve("Report.java").toString();
    var record = experiment.resolve("record").toString();
    var command = QuickJvm.command();
    command.addAll(List.of(report, record, tables.toString(), chart.toString()));
    var process = new ProcessBuilder(command).redirectErrorStream(true).start();
    var printed = new String(process.getInputStream().readAllBytes());
    assertEquals(0, process.waitFor(), printed);
    var expected = Files.readString(tables);
    assertTrue(
        Files.readString(experiment.resolve("README.md")).contains(expected),
        () -> "the README of the experiment lacks this:\n" + expected);
    assertEquals(
        Files.readString(chart),
        Files.readString(experiment.resolve("chart.svg")),
        "chart.svg is another than Report draws");
  }
}
