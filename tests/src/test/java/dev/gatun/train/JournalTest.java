package dev.gatun.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.InvalidArgument;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JournalTest {
  @TempDir Path folder;
  private Path file;

  @BeforeEach
  void name() {
    file = folder.resolve("journal.jsonl");
  }

  @Test
  void aLineIsJsonWithItsFieldsInTheOrderGiven() throws IOException {
    try (var journal = Journal.create(file)) {
      journal.append(
          JournalEntry.of(3)
              .with("loss", 2.5)
              .with("rate", 6e-4)
              .with("tokens", 1L << 40)
              .with("text", "a \"quoted\"\nline")
              .with("ok", true)
              .with("none", null));
    }
    assertEquals(
        "{\"step\":3,\"loss\":2.5,\"rate\":6.0E-4,\"tokens\":1099511627776,"
            + "\"text\":\"a \\\"quoted\\\"\\nline\",\"ok\":true,\"none\":null}\n",
        Files.readString(file));
  }

  @Test
  void everyLineIsOnDiskBeforeTheNext() throws IOException {
    try (var journal = Journal.create(file)) {
      for (int step = 0; step < 5; step++) {
        journal.append(JournalEntry.of(step).with("loss", step / 2.0));
        assertEquals(step + 1, Journal.read(file).size());
      }
    }
  }

  @Test
  void whatIsWrittenIsReadBack() {
    var entries =
        List.of(
            JournalEntry.of(0).with("loss", Math.PI).with("name", "é€😀"),
            JournalEntry.of(1).with("loss", Double.MIN_VALUE).with("many", Long.MAX_VALUE),
            JournalEntry.of(2).with("loss", 0.1f).with("ok", false).with("none", null),
            JournalEntry.of(Long.MAX_VALUE));
    write(entries);
    var back = Journal.read(file);
    assertEquals(4, back.size());
    assertEquals(Math.PI, back.get(0).number("loss").getAsDouble());
    assertEquals("é€😀", back.get(0).fields().get("name"));
    assertEquals(Double.MIN_VALUE, back.get(1).number("loss").getAsDouble());
    assertEquals(Long.MAX_VALUE, back.get(1).fields().get("many"));
    assertEquals(0.1f, (float) back.get(2).number("loss").getAsDouble());
    assertEquals(false, back.get(2).fields().get("ok"));
    assertTrue(back.get(2).fields().containsKey("none"));
    assertTrue(back.get(2).number("none").isEmpty());
    assertTrue(back.get(2).number("absent").isEmpty());
    assertEquals(Long.MAX_VALUE, back.get(3).step());
    assertEquals(List.of("loss", "ok", "none"), List.copyOf(back.get(2).fields().keySet()));
  }

  @Test
  void numbersThatAreNotFiniteStayJsonAndComeBack() throws IOException {
    write(
        List.of(
            JournalEntry.of(0).with("a", Double.NaN).with("b", Float.NEGATIVE_INFINITY),
            JournalEntry.of(1).with("a", Double.POSITIVE_INFINITY).with("b", Float.NaN)));
    assertEquals(
        "{\"step\":0,\"a\":\"NaN\",\"b\":\"-Infinity\"}\n"
            + "{\"step\":1,\"a\":\"Infinity\",\"b\":\"NaN\"}\n",
        Files.readString(file));
    var back = Journal.read(file);
    assertTrue(Double.isNaN(back.get(0).number("a").getAsDouble()));
    assertEquals(Double.NEGATIVE_INFINITY, back.get(0).number("b").getAsDouble());
    assertEquals(Double.POSITIVE_INFINITY, back.get(1).number("a").getAsDouble());
  }

  @Test
  void resumingForgetsTheStepAndAllAfterIt() throws IOException {
    write(steps(10));
    var kept = Files.readString(file).lines().limit(6).toList();
    try (var journal = Journal.resume(file, 6)) {
      journal.append(JournalEntry.of(6).with("loss", 66.0));
    }
    var lines = Files.readString(file).lines().toList();
    assertEquals(kept, lines.subList(0, 6));
    assertEquals("{\"step\":6,\"loss\":66.0}", lines.get(6));
    assertEquals(7, lines.size());
  }

  @Test
  void resumingAtTheEndOrPastItKeepsAll() {
    write(steps(4));
    Journal.resume(file, 4).close();
    assertEquals(4, Journal.read(file).size());
    Journal.resume(file, 400).close();
    assertEquals(4, Journal.read(file).size());
    Journal.resume(file, 0).close();
    assertEquals(0, Journal.read(file).size());
  }

  @Test
  void resumingWhereThereIsNoJournalBeginsOne() {
    try (var journal = Journal.resume(file, 6)) {
      journal.append(JournalEntry.of(6));
    }
    assertEquals(List.of(JournalEntry.of(6)), Journal.read(file));
  }

  @Test
  void aTornLastLineIsIgnoredAndThenRemoved() throws IOException {
    write(steps(3));
    var whole = Files.readString(file);
    Files.writeString(file, "{\"step\":3,\"lo", StandardOpenOption.APPEND);
    assertEquals(3, Journal.read(file).size());
    try (var journal = Journal.resume(file, 3)) {
      journal.append(JournalEntry.of(3));
    }
    assertEquals(whole + "{\"step\":3}\n", Files.readString(file));
  }

  @Test
  void aBrokenLineIsRefusedByNumberAndNothingChanges() throws IOException {
    for (var broken : List.of("{\"step\":1,", "[1]", "1", "", "nonsense", "{}{")) {
      var text = "{\"step\":0}\n" + broken + "\n{\"step\":2}\n";
      Files.writeString(file, text);
      var refusal = assertThrows(BadData.class, () -> Journal.read(file)).getMessage();
      assertEquals(file + ": line 2 is no JSON object", refusal, broken);
      assertThrows(BadData.class, () -> Journal.resume(file, 1));
      assertEquals(text, Files.readString(file));
    }
    Files.writeString(file, "{\"loss\":1}\n");
    var refusal = assertThrows(BadData.class, () -> Journal.read(file)).getMessage();
    assertEquals(file + ": line 1 has no step", refusal);
  }

  @Test
  void aNewJournalWritesNothingOver() throws IOException {
    Files.writeString(file, "precious");
    var refusal = assertThrows(BadData.class, () -> Journal.create(file)).getMessage();
    assertEquals(file + " exists already, and nothing is written over", refusal);
    assertEquals("precious", Files.readString(file));
  }

  @Test
  void aMissingJournalIsRefused() {
    assertEquals(
        "there is no journal " + file,
        assertThrows(BadData.class, () -> Journal.read(file)).getMessage());
    assertFalse(Files.exists(file));
  }

  @Test
  void theStepIsGivenOnce() {
    assertThrows(InvalidArgument.class, () -> JournalEntry.of(1).with("step", 2));
  }

  private void write(List<JournalEntry> entries) {
    try (var journal = Journal.create(file)) {
      entries.forEach(journal::append);
    }
  }

  private static List<JournalEntry> steps(int count) {
    return LongStream.range(0, count)
        .mapToObj(step -> JournalEntry.of(step).with("loss", 10.0 / (step + 1)))
        .toList();
  }
}
