package dev.gatun.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What `bench/results` says is what a report makes of the numbers and of the head that lie there.
class CommittedReportTest {
  private static final Path RESULTS = Path.of("results");

  @TempDir private Path made;

  @Test
  void isMadeOfItsNumbers() throws IOException {
    for (var file : files(RESULTS)) {
      if (isGiven(file)) Files.copy(file, made.resolve(file.getFileName()));
    }
    Report.main(new String[] {made.toString()});
    assertEquals(names(RESULTS), names(made));
    for (var file : files(made)) {
      var committed = RESULTS.resolve(file.getFileName());
      assertEquals(Files.readString(file), Files.readString(committed), committed.toString());
    }
  }

  private static boolean isGiven(Path file) {
    var name = file.getFileName().toString();
    return name.equals("HEAD.md") || name.endsWith(".json") || name.startsWith("gpu-");
  }

  private static List<String> names(Path folder) throws IOException {
    return files(folder).stream().map(file -> file.getFileName().toString()).sorted().toList();
  }

  private static List<Path> files(Path folder) throws IOException {
    try (var files = Files.list(folder)) {
      return files.toList();
    }
  }
}
