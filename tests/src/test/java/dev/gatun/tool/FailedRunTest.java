package dev.gatun.tool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.store.Checkpoints;
import dev.gatun.store.TrainerState;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A run that cannot go on says why in one sentence, and its last checkpoint is as good as ever.
class FailedRunTest {
  @TempDir Path folder;
  private Path texts;
  private Path run;

  @BeforeEach
  void writeTexts() throws IOException {
    texts = Commands.texts(folder.resolve("texts"), 1);
    run = folder.resolve("run");
  }

  @Test
  void anAbsurdRateEndsTheRunAtTheStepWhoseLossIsNotANumber() {
    var rate = List.of("--schedule=constant", "--lr=1e30", "--checkpoint-every=1");
    Commands.run(Commands.training(texts, run, rate.toArray(String[]::new)))
        .requireRefusal(1, " of step 1 is NaN: training stops");
    checkTheCheckpointIsOfStep(0);
  }

  /// No file may grow beyond 100 KiB: the checkpoints fit, the journal of a thousand steps does
  /// not.
  @Test
  @Timeout(60)
  void aFullDiskEndsTheRun() throws Exception {
    var arguments =
        Commands.training(
            texts, run, "--steps=5000", "--checkpoint-every=300", "--evaluate-every=300");
    var line = new ArrayList<>(List.of("sh", "-c", "ulimit -f 200 && exec \"$@\"", "sh"));
    line.addAll(ChildCommand.line(arguments));
    var errors = folder.resolve("errors");
    var child = new ProcessBuilder(line).redirectError(errors.toFile()).start();
    child.getInputStream().transferTo(OutputStream.nullOutputStream());
    assertEquals(1, child.waitFor());
    var last = Files.readString(errors, StandardCharsets.UTF_8).lines().toList().getLast();
    assertTrue(
        last.startsWith("gatun: ")
            && last.contains("journal.jsonl could not be written: File too large"),
        last);
    checkTheCheckpointIsOfStep(600);
  }

  private void checkTheCheckpointIsOfStep(long step) {
    var checkpoint = new Checkpoints(run).latest().orElseThrow();
    assertEquals(step, TrainerState.read(checkpoint).step());
    Commands.run("evaluate", "--model=" + run, "--data=" + texts, "--batches=1", "--threads=1")
        .requireGood();
  }
}
