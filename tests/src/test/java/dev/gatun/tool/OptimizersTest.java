package dev.gatun.tool;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.nn.GptConfig;
import dev.gatun.store.TrainerState;
import dev.gatun.train.Journal;
import dev.gatun.train.JournalEntry;
import dev.gatun.train.Run;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// `train` by each of its optimizers.
class OptimizersTest {
  @TempDir Path folder;

  /// At two steps behind a refresh the first part of the run ends.
  @ParameterizedTest
  @ValueSource(strings = {"adamw", "sophia-h", "sophia-g", "lion"})
  void aResumedRunHasTheBitsOfOneThatNeverStopped(String optimizer) throws IOException {
    var more = new ArrayList<>(List.of("--steps=20", "--checkpoint-every=14", "--accumulate=2"));
    if (optimizer.startsWith("sophia")) more.add("--curvature-every=3");
    if (optimizer.equals("sophia-g")) more.add("--curvature-order=after");
    var run = train("run", optimizer, more.toArray(String[]::new));
    var last = run.resolve("step-20");
    var kept = List.of("model.safetensors", "optimizer.safetensors", "trainer.json");
    var before = new ArrayList<byte[]>();
    for (var file : kept) before.add(Files.readAllBytes(last.resolve(file)));
    var journal = withoutSeconds(run);
    try (var files = Files.list(last)) {
      for (var file : files.toList()) Files.delete(file);
    }
    Files.delete(last);
    Files.delete(run.resolve("latest"));
    Files.createSymbolicLink(run.resolve("latest"), Path.of("step-14"));
    Commands.run("train", "--resume=" + run).requireGood();
    for (int i = 0; i < kept.size(); i++) {
      assertArrayEquals(before.get(i), Files.readAllBytes(last.resolve(kept.get(i))), kept.get(i));
    }
    assertEquals(journal, withoutSeconds(run));
  }

  /// At the rates that go with AdamW's 0.01: Sophia to below what AdamW is asked for in as many
  /// steps, Lion, whose steps are so much shorter, half as far from ln 256 = 5.5.
  @ParameterizedTest
  @CsvSource({"sophia-h, 0.008, 2.9", "sophia-g, 0.008, 2.9", "lion, 0.002, 4.2"})
  void itLearns(String optimizer, String rate, double least) throws IOException {
    var run = train("run", optimizer, "--steps=60", "--lr=" + rate);
    var losses =
        Journal.read(run.resolve(Run.JOURNAL)).stream()
            .flatMapToDouble(line -> line.number("validationLoss").stream())
            .boxed()
            .toList();
    assertEquals(Math.log(256), losses.getFirst(), 0.05);
    assertTrue(losses.getLast() < least, "the loss is " + losses.getLast());
  }

  @Test
  void sophiaSaysWhatItsCurvatureReadsAndCosts() throws IOException {
    var out =
        Commands.run(training("run", "sophia-g", "--steps=25", "--curvature-share=0.3"))
            .requireGood()
            .out();
    assertTrue(out.contains("curvature every 10 steps on 2 of the windows"), out);
    assertTrue(out.contains("curvature refreshed 3 times: 96 tokens, "), out);
    assertTrue(out.contains(" of 25 steps; ") && out.contains("steps not clipped"), out);
    var after =
        Commands.run(training("after", "sophia-g", "--steps=25", "--curvature-order=after"))
            .requireGood()
            .out();
    assertTrue(after.contains("of the windows, behind the step"), after);
    assertTrue(after.contains("curvature refreshed 2 times: "), after);
    var adamW = Commands.run(training("other", "adamw", "--steps=2")).requireGood().out();
    assertTrue(adamW.contains("gradients clipped in ") && !adamW.contains("curvature"), adamW);
  }

  /// A product with the Hessian costs a token other FLOPs than a gradient at labels drawn forwards.
  @ParameterizedTest
  @CsvSource({"sophia-h, true", "sophia-g, false"})
  void eachSophiaHasItsEstimator(String optimizer, boolean byProducts) throws IOException {
    var run = train("run", optimizer, "--steps=1");
    var step =
        Journal.read(run.resolve(Run.JOURNAL)).stream()
            .filter(entry -> entry.number("curvatureFlops").isPresent())
            .findFirst()
            .orElseThrow();
    int time = 16;
    var config = GptConfig.of(2, 2, 16, time, 256);
    double expected =
        byProducts
            ? config.hessianProductFlopsPerToken(time)
            : config.forwardFlopsPerToken(time) + config.flopsPerToken(time);
    double tokens = step.number("curvatureTokens").orElseThrow();
    assertEquals(expected * tokens, step.number("curvatureFlops").orElseThrow());
  }

  /// A new run has no state of the old one: its first step is not the old one's next.
  @ParameterizedTest
  @ValueSource(strings = {"sophia-h", "lion"})
  void initStartsFresh(String optimizer) throws IOException {
    var first = train("first", "adamw", "--steps=3");
    var texts = Commands.texts(folder.resolve("texts"), 1);
    Commands.run(
            "train",
            "--data=" + texts,
            "--init=" + first,
            "--out=" + folder.resolve("second"),
            "--optimizer=" + optimizer,
            "--steps=1",
            "--batch=4",
            "--evaluate-batches=2",
            "--threads=1",
            "--device=cpu")
        .requireGood();
    var state = TrainerState.read(folder.resolve("second/latest"));
    assertEquals(1, state.step());
    assertEquals(optimizer, state.config().get("optimizer"));
  }

  private Path train(String run, String optimizer, String... more) throws IOException {
    Commands.run(training(run, optimizer, more)).requireGood();
    return folder.resolve(run);
  }

  private List<String> training(String run, String optimizer, String... more) throws IOException {
    var all = new ArrayList<>(List.of(more));
    all.add("--optimizer=" + optimizer);
    return Commands.training(
        Commands.texts(folder.resolve("texts"), 1),
        folder.resolve(run),
        all.toArray(String[]::new));
  }

  private static List<JournalEntry> withoutSeconds(Path run) {
    return Journal.read(run.resolve(Run.JOURNAL)).stream()
        .map(
            entry -> {
              var fields = new LinkedHashMap<>(entry.fields());
              fields.remove("seconds");
              fields.remove("curvatureSeconds");
              return new JournalEntry(entry.step(), fields);
            })
        .toList();
  }
}
