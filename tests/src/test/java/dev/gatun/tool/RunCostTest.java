package dev.gatun.tool;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.nn.GptConfig;
import dev.gatun.store.TrainerState;
import dev.gatun.train.Journal;
import dev.gatun.train.JournalEntry;
import dev.gatun.train.Run;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a smaller model's training took, out of a journal written by hand.
class RunCostTest {
  private static final GptConfig MODEL = GptConfig.of(2, 2, 16, 16, 256);

  @TempDir Path run;

  /// Three steps lie before the checkpoint, with a refresh of the curvature; evaluations are no
  /// steps, and what came after the checkpoint is not in the weights.
  @Test
  void theStepsUpToTheCheckpointCount() throws IOException {
    try (var journal = Journal.create(run.resolve(Run.JOURNAL))) {
      journal.append(JournalEntry.of(0).with("validationLoss", 5.5).with("tokens", 1e9));
      for (long step = 0; step < 5; step++) {
        var line = JournalEntry.of(step).with("loss", 5.0).with("tokens", 100 + step);
        journal.append(step % 2 == 1 ? line.with("curvatureFlops", 7e6) : line);
      }
    }
    var checkpoint = Files.createDirectory(run.resolve("step-3"));
    new TrainerState(3, 1, 300, Map.of("context", 16L)).write(checkpoint);
    double expected = (100 + 101 + 102) * MODEL.flopsPerToken(16) + 7e6;
    assertEquals(expected, RunCost.of(run, checkpoint, MODEL).orElseThrow());
  }

  @Test
  void ofAFolderThatIsNoRunNothingIsKnown() {
    assertEquals(OptionalDouble.empty(), RunCost.of(run, run, MODEL));
  }
}
