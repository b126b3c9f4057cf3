package dev.gatun.tool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.memory.Device;
import dev.gatun.store.GptCheckpoint;
import dev.gatun.tensor.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What `evaluate` measures is the mean surprise, computed here once more from whole logits.
class EvaluateCommandTest {
  private static final Pattern JSON =
      Pattern.compile(
          "\\{\"loss\":(\\d+\\.\\d{7}),\"perplexity\":(\\d+\\.\\d{7}),\"tokens\":(\\d+)}\\R");

  @TempDir Path folder;
  private Path model;
  private Path text;

  @BeforeEach
  void writeAModelAndAText() throws IOException {
    model = RandomModel.write(folder.resolve("model"));
    text = Commands.texts(folder.resolve("texts"), 1).resolve("text3");
  }

  @Test
  void jsonIsOneLineAndItsLossIsTheMeanSurpriseOfEveryTarget() throws IOException {
    check(16, 3, 2);
  }

  @Test
  void aShorterContextBeginsMoreWindows() throws IOException {
    check(5, 4, 7);
  }

  @Test
  void withoutJsonTheSameNumbersAreWordsApart() {
    var plain = evaluate("--batch=2", "--batches=1").requireGood().out();
    var json = JSON.matcher(evaluate("--batch=2", "--batches=1", "--json").requireGood().out());
    assertTrue(json.matches());
    assertEquals(
        "loss %s  perplexity %s  tokens %s".formatted(json.group(1), json.group(2), json.group(3)),
        plain.strip());
  }

  @Test
  void withoutCountsItTakesWhatThereIs() throws IOException {
    long windows = (Files.size(text) - 1) / 16;
    var out = evaluate("--json").requireGood().out();
    var json = JSON.matcher(out);
    assertTrue(json.matches(), out);
    assertEquals(windows / 8 * 8 * 16, Long.parseLong(json.group(3)));
  }

  private void check(int time, int rows, int batches) throws IOException {
    var out =
        evaluate("--context=" + time, "--batch=" + rows, "--batches=" + batches, "--json")
            .requireGood()
            .out();
    var json = JSON.matcher(out);
    assertTrue(json.matches(), out);
    double expected = meanSurprise(time, rows * batches);
    // Both ways end in sums of 16 products, rounded otherwise; logits and losses lie below 100.
    double tolerance = 16 * 0x1p-24 * 100;
    assertEquals(expected, Double.parseDouble(json.group(1)), tolerance);
    assertEquals(
        Math.exp(expected), Double.parseDouble(json.group(2)), Math.exp(expected) * tolerance);
    assertEquals((long) rows * batches * time, Long.parseLong(json.group(3)));
  }

  private Commands.Outcome evaluate(String... more) {
    var arguments = new ArrayList<>(List.of("evaluate"));
    arguments.addAll(List.of("--model=" + model, "--data=" + text, "--tokenizer=bytes"));
    arguments.addAll(List.of(more));
    return Commands.run(arguments);
  }

  private double meanSurprise(int time, int windows) throws IOException {
    var bytes = Files.readAllBytes(text);
    try (var device = Device.cpu(1);
        var scope = device.scope()) {
      var gpt = GptCheckpoint.read(model, scope, DType.F32);
      double sum = 0;
      for (int window = 0; window < windows; window++) {
        int start = window * time;
        for (int t = 1; t <= time; t++) {
          var ids = IntStream.range(start, start + t).map(i -> bytes[i]).toArray();
          sum += surprise(RandomModel.logits(gpt, ids), bytes[start + t]);
        }
      }
      return sum / windows / time;
    }
  }

  private static double surprise(double[] logits, int target) {
    double largest = Arrays.stream(logits).max().orElseThrow();
    double sum = 0;
    for (double logit : logits) sum += Math.exp(logit - largest);
    return Math.log(sum) + largest - logits[target];
  }
}
