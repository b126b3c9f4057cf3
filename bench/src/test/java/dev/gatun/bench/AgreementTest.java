package dev.gatun.bench;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A peer must find what we find.
class AgreementTest {
  private final Agreement agreement =
      new Agreement(List.of(new float[] {1, -2}), new double[] {0.5, -4}, 0.01);

  @TempDir private Path folder;

  @Test
  void aPeerThatFindsSomethingElseFails() {
    assertDoesNotThrow(() -> said("0.5 -4"));
    assertDoesNotThrow(() -> said("0.504 -3.97"));
    assertThrows(BenchFailure.class, () -> said("0.5 -3.9"));
    assertThrows(BenchFailure.class, () -> said("0.5 4"));
    assertThrows(BenchFailure.class, () -> said("0.5 NaN"));
    assertThrows(BenchFailure.class, () -> said("0.5"));
  }

  @Test
  void aProgramThatIsNotThereIsASentence() {
    var absent = List.of("/no/such/program");
    assertThrows(BenchFailure.class, () -> new Companion(folder, absent).close());
  }

  @Test
  void aPeerIsGivenTheNumbers() throws IOException {
    var words = agreement.words(folder);
    byte[] numbers = {0, 0, (byte) 0x80, 0x3f, 0, 0, 0, (byte) 0xc0};
    assertArrayEquals(numbers, Files.readAllBytes(Path.of(words.getLast())));
  }

  private void said(String line) throws Exception {
    try (var peer = new Companion(folder, List.of("echo", line))) {
      agreement.require("echo", peer);
    }
  }
}
