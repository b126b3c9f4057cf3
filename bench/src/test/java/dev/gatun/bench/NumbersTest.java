package dev.gatun.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What is in the file of a run that is cut off.
class NumbersTest {
  @TempDir private Path folder;
  private final Rows rows = new Rows();
  private final PrintStream silence =
      new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8);

  @Test
  void whatWasMeasuredIsKept() throws Exception {
    var numbers = numbers();
    var read = new ArrayList<Map<String, Object>>();
    var cases =
        List.of(
            new Case("first", 1, () -> rows.add(Row.of(Subject.ladder, "first"))),
            new Case(
                "second",
                1,
                () -> {
                  read.add(JSON.std.mapFrom(Files.readString(numbers.file())));
                  throw new BenchFailure("bad");
                }),
            new Case(
                "third",
                1,
                () -> {
                  throw new InterruptedException();
                }),
            new Case("fourth", 1, () -> {}));
    var progress = new Progress(cases, silence);
    assertThrows(InterruptedException.class, () -> progress.runAll(() -> numbers.write(progress)));
    read.add(JSON.std.mapFrom(Files.readString(numbers.file())));
    assertEquals(List.of("second", "third", "fourth"), about(read.get(0)).get("not measured"));
    assertEquals(null, about(read.get(0)).get("failed"));
    assertEquals(List.of("third", "fourth"), about(read.get(1)).get("not measured"));
    assertEquals(List.of("second"), about(read.get(1)).get("failed"));
    for (var each : read) assertEquals(1, ((List<?>) each.get("rows")).size());
    try (var files = Files.list(folder)) {
      assertEquals(List.of(numbers.file()), files.toList());
    }
  }

  /// Before anything is measured.
  @Test
  void aFolderThatTakesNoFileIsFoundOutFirst() throws IOException {
    Files.delete(folder);
    var progress = new Progress(List.of(new Case("first", 1, () -> rows.add(null))), silence);
    var numbers = numbers();
    assertThrows(BenchFailure.class, () -> progress.runAll(() -> numbers.write(progress)));
    assertEquals(List.of("first"), progress.toCome());
    assertEquals(List.of(), rows.all());
    Files.createDirectory(folder);
  }

  private Numbers numbers() {
    return new Numbers(folder, Map.of("began", "2026-11-24T00:00:00Z", "backend", "cpu"), rows);
  }

  private static Map<?, ?> about(Map<String, Object> content) {
    return (Map<?, ?>) content.get("environment");
  }
}
