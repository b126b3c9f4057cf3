package dev.gatun.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What the command line says to what it is told.
class BenchTest {
  @TempDir private Path folder;

  @Test
  void refusesWhatItDoesNotKnow() throws IOException {
    assertTrue(refusal("nonsense").contains("nonsense"));
    assertTrue(refusal("--device=tpu").contains("tpu"));
    assertTrue(refusal("--threads=-1").contains("--threads"));
    assertTrue(refusal("ladder", "--quick", "--threads=100000").contains("threads"));
    assertTrue(refusal("ladder", "--only=no such case").contains("no such case"));
  }

  @Test
  void refusesAFileInThePlaceOfItsFolder() throws IOException {
    var file = Files.createFile(folder.resolve("file"));
    var said = said(() -> assertEquals(2, Bench.answer("ladder", "--quick", "--out=" + file)));
    assertEquals("--out " + file + " is no folder", said);
  }

  @Test
  void comparesPeersWithTheCpuOnly() throws IOException {
    assertTrue(refusal("pytorch", "--device=emu").contains("emu"));
    assertTrue(refusal("--peers", "--device=cuda").contains("cuda"));
    assertTrue(refusal("ladder", "--peers", "--device=emu").contains("emu"));
  }

  @Test
  void namesAreInEitherCase() throws IOException {
    assertEquals(0, answer("ladder", "--quick", "--threads=1", "--device=CPU", "--only=MatMul"));
    assertEquals(1, files());
  }

  private String refusal(String... words) throws IOException {
    var said = said(() -> assertEquals(2, answer(words)));
    assertEquals(0, files());
    return said;
  }

  /// The first line on standard error.
  private static String said(Runnable work) {
    var before = System.err;
    var said = new ByteArrayOutputStream();
    System.setErr(new PrintStream(said, true, StandardCharsets.UTF_8));
    try {
      work.run();
    } finally {
      System.setErr(before);
    }
    return said.toString(StandardCharsets.UTF_8).lines().findFirst().orElseThrow();
  }

  private int answer(String... words) {
    var all = new String[words.length + 1];
    System.arraycopy(words, 0, all, 0, words.length);
    all[words.length] = "--out=" + folder;
    return Bench.answer(all);
  }

  private long files() throws IOException {
    try (var all = Files.list(folder)) {
      return all.count();
    }
  }
}
