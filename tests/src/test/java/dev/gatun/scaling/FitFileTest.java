package dev.gatun.scaling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.store.BadFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Laws from a fit's file.
class FitFileTest {
  private static final String LAW =
      "\"law\":{\"e\":1.7,\"a\":400,\"b\":410.5,\"alpha\":0.34,\"beta\":0.28}";

  @TempDir Path folder;

  @Test
  void aLawAloneHasNoBandAndNoRange() throws IOException {
    var law = read("{" + LAW + ",\"method\":\"of no concern\"}");
    assertEquals(new ParametricLaw(1.7, 400, 410.5, 0.34, 0.28), law.law());
    assertTrue(law.range().isEmpty());
    assertTrue(law.spread().band(law.law(), 1e20).isEmpty());
  }

  /// Eleven samples that differ in A only: N goes with A^(1/(alpha+beta)), so that its
  /// percentiles are those of A.
  @Test
  void samplesGiveTheBandBetweenTheirTenthAndNinetiethPercentile() throws IOException {
    var samples = new StringBuilder();
    for (int i = 0; i <= 10; i++) {
      samples.append(i == 0 ? "" : ",").append("[1.7,%d,410.5,0.34,0.28]".formatted(400 + 10 * i));
    }
    var law = read("{" + LAW + ",\"samples\":[" + samples + "],\"flopsRange\":[1e12,1e14]}");
    var band = law.spread().band(law.law(), 1e13).orElseThrow();
    var low = new ParametricLaw(1.7, 410, 410.5, 0.34, 0.28).optimum(1e13);
    var high = new ParametricLaw(1.7, 490, 410.5, 0.34, 0.28).optimum(1e13);
    assertEquals(1, band.parameters().low() / low.parameters(), 1e-12);
    assertEquals(1, band.parameters().high() / high.parameters(), 1e-12);
    assertEquals(1, band.tokens().low() / high.tokens(), 1e-12);
    assertEquals(high.loss(), band.loss().orElseThrow().high(), 1e-12);
    assertEquals(new FlopsRange(1e12, 1e14), law.range().orElseThrow());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "[1]                                    | is no JSON object",
        "{                                      | is no JSON object",
        "{}                                     | \"law\" holds null",
        "{\"law\":{\"e\":1}}                    | \"law\" holds null",
        "{\"law\":{\"e\":-1,\"a\":1,\"b\":1,\"alpha\":1,\"beta\":1}} | holds -1",
        "{LAW,\"samples\":[[1,2]]}              | 2 numbers, not 5",
        "{LAW,\"samples\":7}                    | holds 7",
        "{LAW,\"flopsRange\":[2,1]}             | 2.0 before 1.0"
      })
  void whatIsNoFitIsRefused(String text, String sentence) {
    var failure = assertThrows(BadFile.class, () -> read(text.replace("LAW", LAW)));
    assertTrue(failure.getMessage().contains(sentence), failure.getMessage());
  }

  @Test
  void aMissingFileIsRefused() {
    assertThrows(BadFile.class, () -> FitFile.read(folder.resolve("none.json")));
  }

  private NamedLaw read(String text) throws IOException {
    return FitFile.read(Files.writeString(folder.resolve("fit.json"), text));
  }
}
