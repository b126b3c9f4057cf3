package dev.gatun.tool;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.store.Checkpoints;
import dev.gatun.store.TrainerState;
import dev.gatun.train.Journal;
import dev.gatun.train.JournalEntry;
import dev.gatun.train.Run;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A run that is killed and resumed ends with the bits of one that was not.
class KilledAndResumedTest {
  private static final String[] PLAN = {
    "--steps=60", "--evaluate-every=10", "--checkpoint-every=15", "--accumulate=2", "--threads=2"
  };

  @TempDir Path folder;
  private Path texts;
  private Path whole;

  @BeforeEach
  void runOnceWithoutInterruption() throws IOException {
    texts = Commands.texts(folder.resolve("texts"), 1);
    whole = folder.resolve("whole");
    Commands.run(Commands.training(texts, whole, PLAN)).requireGood();
  }

  @Test
  @Timeout(120)
  void killedTwiceItEndsWithTheSameBits() throws Exception {
    var run = folder.resolve("killed");
    ChildCommand.killAt("after 20 steps", Commands.training(texts, run, PLAN));
    long first = checkpoint(run);
    assertTrue(first >= 15 && first < 60, "the last checkpoint is of step " + first);
    ChildCommand.killAt("after 40 steps", List.of("train", "--resume=" + run));
    long second = checkpoint(run);
    assertTrue(second >= 30 && second < 60, "the last checkpoint is of step " + second);
    Commands.run("train", "--resume=" + run).requireGood();
    checkSame(run);
  }

  @Test
  void aFinishedRunResumedStaysAsItIs() throws IOException {
    var weights = Files.readAllBytes(whole.resolve("latest/model.safetensors"));
    var journal = withoutSeconds(whole);
    Commands.run("train", "--resume=" + whole).requireGood();
    assertArrayEquals(weights, Files.readAllBytes(whole.resolve("latest/model.safetensors")));
    assertEquals(journal, withoutSeconds(whole));
  }

  @Test
  void theDataMayHaveMoved() throws IOException {
    var moved = Files.move(texts, folder.resolve("moved"));
    Commands.run("train", "--resume=" + whole).requireRefusal(1, "there is no file or folder");
    Commands.run("train", "--resume=" + whole, "--data=" + moved, "--lr=0.01").requireGood();
  }

  private void checkSame(Path run) throws IOException {
    assertEquals(withoutSeconds(whole), withoutSeconds(run));
    for (var file : List.of("model.safetensors", "optimizer.safetensors", "trainer.json")) {
      assertArrayEquals(
          Files.readAllBytes(whole.resolve("latest").resolve(file)),
          Files.readAllBytes(run.resolve("latest").resolve(file)),
          file);
    }
  }

  private static long checkpoint(Path run) {
    return TrainerState.read(new Checkpoints(run).latest().orElseThrow()).step();
  }

  private static List<JournalEntry> withoutSeconds(Path run) {
    return Journal.read(run.resolve(Run.JOURNAL)).stream()
        .map(
            entry -> {
              var fields = new LinkedHashMap<>(entry.fields());
              fields.remove("seconds");
              return new JournalEntry(entry.step(), fields);
            })
        .toList();
  }
}
