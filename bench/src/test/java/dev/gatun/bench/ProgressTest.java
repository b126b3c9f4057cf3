package dev.gatun.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Cases behind one that fails.
class ProgressTest {
  private final ByteArrayOutputStream said = new ByteArrayOutputStream();
  private final PrintStream out = new PrintStream(said, true, StandardCharsets.UTF_8);
  private final List<String> ran = new ArrayList<>();

  @Test
  void aFailureStopsNoOtherCase() throws Exception {
    var cases = List.of(failing(new BenchFailure("bad")), failing(new AssertionError()), good());
    var progress = new Progress(cases, out);
    progress.runAll(() -> {});
    assertEquals(List.of("BenchFailure", "AssertionError"), progress.failed());
    assertEquals(List.of("good"), ran);
    assertTrue(said.toString(StandardCharsets.UTF_8).contains("gatun: bad"));
  }

  @Test
  void anInterruptStopsAll() {
    var cases = List.of(failing(new InterruptedException()), good());
    assertThrows(InterruptedException.class, () -> new Progress(cases, out).runAll(() -> {}));
    assertEquals(List.of(), ran);
  }

  private Case good() {
    return new Case("good", 1, () -> ran.add("good"));
  }

  private static Case failing(Throwable failure) {
    return new Case(
        failure.getClass().getSimpleName(),
        1,
        () -> {
          switch (failure) {
            case Exception exception -> throw exception;
            case Error error -> throw error;
            default -> throw new AssertionError(failure);
          }
        });
  }
}
