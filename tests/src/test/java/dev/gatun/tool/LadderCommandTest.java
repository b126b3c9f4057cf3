package dev.gatun.tool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.store.Checkpoints;
import dev.gatun.store.GptConfigFile;
import dev.gatun.store.TrainerState;
import dev.gatun.train.Journal;
import dev.gatun.train.Run;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A ladder is designed, trained, interrupted, resumed.
class LadderCommandTest {
  @TempDir Path folder;

  @Test
  @Timeout(180)
  void aTinyLadderKilledAsItsLastRunBeginsGoesOnWhereItWas() throws Exception {
    var ladder = design();
    var runs = LadderFile.read(ladder).runs();
    assertEquals(3, runs.size());
    ChildCommand.killAt(
        "run 3 of 3", List.of("ladder", "run", ladder.toString(), "--threads=1", "--device=cpu"));
    var first = Commands.everything(ladder.resolve(runs.getFirst().name()));
    var out = train(ladder).out();
    assertTrue(out.contains("finished before"), out);
    assertEquals(first, Commands.everything(ladder.resolve(runs.getFirst().name())));
    for (var run : runs) assertTrained(ladder, run);
    assertEquals(3, train(ladder).out().split("finished before", -1).length - 1);
  }

  /// As if killed in the middle of the first run: only its earlier checkpoint is left.
  @Test
  @Timeout(180)
  void anInterruptedRunIsResumedAndEndsWithTheSameWeights() throws IOException {
    var ladder = design();
    train(ladder);
    var run = LadderFile.read(ladder).runs().getFirst();
    var home = ladder.resolve(run.name());
    var weights = Files.readAllBytes(home.resolve("latest/model.safetensors"));
    var latest = new Checkpoints(home).latest().orElseThrow();
    Files.delete(home.resolve("latest"));
    Commands.everything(latest).keySet().stream()
        .sorted(Comparator.reverseOrder())
        .forEach(name -> latest.resolve(name).toFile().delete());
    assertFalse(Files.exists(latest));
    long left = TrainerState.read(new Checkpoints(home).latest().orElseThrow()).step();
    assertTrue(left > 0 && left < run.settings().whole("steps"), "left at " + left);
    train(ladder);
    assertTrained(ladder, run);
    assertEquals(
        Arrays.hashCode(weights),
        Arrays.hashCode(Files.readAllBytes(home.resolve("latest/model.safetensors"))));
  }

  @Test
  @Timeout(180)
  void aRunKilledBeforeItsFirstCheckpointBeginsAgain() throws IOException {
    var ladder = design();
    var run = LadderFile.read(ladder).runs().getFirst();
    var home = Files.createDirectories(ladder.resolve(run.name()));
    Files.writeString(home.resolve(Run.JOURNAL), "{\"step\":0,\"validationLoss\":5.5}\n{\"st");
    Files.writeString(
        Files.createDirectories(home.resolve(".step-0.partial")).resolve("config.json"), "{");
    train(ladder);
    assertTrained(ladder, run);
  }

  @Test
  void trainingALadderExplainsItself() {
    var help = Commands.run("ladder", "run", "--help").requireGood().out();
    assertTrue(help.startsWith("Usage: gatun ladder run"), help);
  }

  @Test
  void theCommandsAreThoseOfTrain() throws IOException {
    var ladder = design();
    var lines = Files.readAllLines(ladder.resolve("commands.sh"));
    var runs = LadderFile.read(ladder).runs();
    assertEquals(3, lines.stream().filter(line -> line.startsWith("$gatun train ")).count());
    for (var run : runs) {
      var line = lines.stream().filter(each -> each.contains(run.name())).findFirst().get();
      for (var name : run.settings().values().keySet()) {
        assertTrue(line.contains(" --" + name + "="), line);
      }
    }
  }

  @Test
  void aLadderIsNotWrittenOverAndOthersAreRefused() throws IOException {
    var ladder = design();
    Commands.run(design(ladder)).requireRefusal(1, "is not empty");
    Commands.run("ladder").requireRefusal(2, "--budget is missing");
    Commands.run("ladder", "--budget=-1").requireRefusal(1, "-1.0");
    Commands.run("ladder", "--budget=1e14", "--sizes=2").requireRefusal(1, "2 sizes");
    Commands.run("ladder", "run", folder.toString()).requireRefusal(1, "this is no ladder");
    var broken = Files.createDirectories(folder.resolve("broken")).resolve("ladder.json");
    for (var text : List.of("{", "{}", "{\"runs\":[7]}")) {
      Files.writeString(broken, text);
      Commands.run("ladder", "run", broken.getParent().toString())
          .requireRefusal(1, "ladder.json: ");
    }
    var outside =
        "{\"runs\":[{\"name\":\"..\",\"params\":1,\"tokens\":1,\"settings\":{\"steps\":1}}]}";
    Files.writeString(broken, outside);
    Commands.run("ladder", "run", broken.getParent().toString()).requireRefusal(1, "a run without");
  }

  private void assertTrained(Path ladder, LadderFile.Entry run) {
    var home = ladder.resolve(run.name());
    var checkpoint = new Checkpoints(home).latest().orElseThrow();
    var state = TrainerState.read(checkpoint);
    assertEquals(run.settings().whole("steps"), state.step());
    assertEquals(run.tokens(), state.position());
    var config = GptConfigFile.read(checkpoint);
    assertEquals(run.settings().whole("width"), config.width());
    var journal = Journal.read(home.resolve(Run.JOURNAL));
    assertEquals(
        run.settings().whole("steps"),
        journal.stream().filter(entry -> entry.number("loss").isPresent()).count());
  }

  private Path design() throws IOException {
    var ladder = folder.resolve("ladder");
    Commands.run(design(ladder)).requireGood();
    return ladder;
  }

  private List<String> design(Path ladder) throws IOException {
    var texts = Commands.texts(folder.resolve("texts"), 1);
    return new ArrayList<>(
        List.of(
            "ladder",
            "--budget=1.2e10",
            "--budgets=1",
            "--sizes=3",
            "--center=1",
            "--half-width=0.2",
            "--context=16",
            "--batch=8",
            "--evaluate-batches=1",
            "--data=" + texts,
            "--out=" + ladder));
  }

  private static Commands.Outcome train(Path ladder) {
    return Commands.run("ladder", "run", ladder.toString(), "--threads=1", "--device=cpu")
        .requireGood();
  }
}
