package dev.gatun.scaling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.InvalidArgument;
import dev.gatun.store.Checkpoints;
import dev.gatun.store.GptConfigFile;
import dev.gatun.store.TrainerState;
import dev.gatun.train.Journal;
import dev.gatun.train.JournalEntry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Run folders as `train` writes them, without the weights.
class RunFoldersTest {
  /// Of 2 layers, 2 heads, width 16, context 16 and 256 tokens, with biases: 2 (12·16² + 13·16) +
  /// 2·16 + (256 + 16) 16.
  private static final double PARAMETERS = 10_944;

  private static final int TOKENS = 64;

  @TempDir Path folder;

  /// @param steps planned
  /// @param done steps of the journal
  private void run(String name, long steps, int done, boolean validated) throws IOException {
    var run = Files.createDirectories(folder.resolve(name));
    try (var journal = Journal.create(run.resolve("journal.jsonl"))) {
      if (validated) journal.append(JournalEntry.of(0).with("validationLoss", 5.5));
      for (int step = 0; step < done; step++) {
        journal.append(JournalEntry.of(step).with("loss", 5 - 0.01 * step).with("tokens", TOKENS));
      }
      if (validated) journal.append(JournalEntry.of(done).with("validationLoss", 4 - done / 1e3));
    }
    new Checkpoints(run)
        .write(
            done,
            to -> {
              new GptConfigFile(256, 16, 16, 64, 2, 2, 1e-5, false, true, true).write(to);
              new TrainerState(done, 0, 0, Map.of("steps", steps)).write(to);
            });
  }

  @Test
  void aRunIsItsModelItsTokensAndItsLastValidation() throws IOException {
    for (int i = 1; i <= 5; i++) run("run" + i, 10L * i, 10 * i, true);
    Files.createDirectories(folder.resolve("no-run"));
    var runs = Runs.read(folder);
    assertEquals(5, runs.all().size());
    var third = runs.all().get(2);
    assertEquals(PARAMETERS, third.parameters());
    assertEquals(30 * TOKENS, third.tokens());
    assertEquals(6 * PARAMETERS * 30 * TOKENS, third.flops());
    assertEquals(4 - 0.03, third.loss(), 1e-15);
    assertEquals(30, third.curve().size());
    assertEquals(new TrainingRun.Point(6 * PARAMETERS * TOKENS, 5), third.curve().getFirst());
    assertEquals(third.flops(), third.curve().getLast().flops());
  }

  /// The training loss falls in a straight line, which smoothing leaves alone.
  @Test
  void withoutAValidationTheSmoothedTrainingLossStandsIn() throws IOException {
    for (int i = 1; i <= 5; i++) run("run" + i, 20L * i, 20 * i, false);
    assertEquals(5 - 0.01 * 19, Runs.read(folder).all().getFirst().loss(), 1e-12);
  }

  @Test
  void runsUnderWayAreLeftOutWithAWarning() throws IOException {
    for (int i = 1; i <= 5; i++) run("run" + i, 10L * i, 10 * i, true);
    run("run6", 100, 60, true);
    Files.writeString(Files.createDirectories(folder.resolve("run7")).resolve("journal.jsonl"), "");
    var runs = Runs.read(folder);
    assertEquals(5, runs.all().size());
    assertTrue(
        runs.warnings().containsAll(EnumSet.of(Warning.UNFINISHED_RUNS, Warning.FEW_POINTS)),
        runs.warnings()::toString);
  }

  @Test
  void aFolderWithoutRunFoldersIsRefused() {
    var refusal = assertThrows(InvalidArgument.class, () -> Runs.read(folder)).getMessage();
    assertTrue(refusal.contains("holds no run folders"), refusal);
  }
}
