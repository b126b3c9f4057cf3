package dev.gatun.store;

import static dev.gatun.store.SampleCheckpoint.body;
import static dev.gatun.store.SampleCheckpoint.latestVersion;
import static dev.gatun.store.SampleCheckpoint.names;
import static dev.gatun.store.SampleCheckpoint.version;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.InvalidArgument;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointsTest {
  @TempDir Path folder;
  private Path run;
  private Checkpoints checkpoints;

  @BeforeEach
  void begin() {
    run = folder.resolve("runs").resolve("first");
    checkpoints = new Checkpoints(run);
  }

  @Test
  void theLastTwoAreKeptAndLatestIsTheLast() throws IOException {
    assertEquals(Optional.empty(), checkpoints.latest());
    var expected =
        new String[] {"latest step-9", "latest step-10 step-9", "latest step-10 step-100"};
    var steps = new long[] {9, 10, 100};
    for (int i = 0; i < steps.length; i++) {
      var written = checkpoints.write(steps[i], body(steps[i], i + 1));
      assertEquals(run.resolve("step-" + steps[i]), written);
      assertEquals(Optional.of(written), checkpoints.latest());
      assertEquals(expected[i], names(run));
      assertEquals(i + 1, latestVersion(run));
    }
    assertEquals(2, version(run.resolve("step-10")));
  }

  @Test
  void latestIsARelativeLinkThatSurvivesAMove() throws IOException {
    checkpoints.write(3, body(3, 5));
    assertEquals(Path.of("step-3"), Files.readSymbolicLink(run.resolve("latest")));
    var moved = Files.move(run, folder.resolve("moved"));
    assertEquals(5, version(moved.resolve("latest")));
    assertEquals(5, latestVersion(moved));
  }

  @Test
  void theBodySeesANewEmptyFolderBesideTheOthers() {
    checkpoints.write(
        1,
        partial -> {
          assertEquals(run, partial.getParent());
          assertEquals("", names(partial));
          assertEquals(".step-1.partial", names(run));
          Files.createDirectories(partial.resolve("deep/er"));
          Files.writeString(partial.resolve("deep/er/file"), "x");
        });
    assertTrue(Files.exists(run.resolve("step-1/deep/er/file")));
  }

  @Test
  void aStepWrittenAgainIsReplacedWhole() throws IOException {
    checkpoints.write(1, body(1, 1));
    checkpoints.write(2, body(2, 2));
    checkpoints.write(2, body(2, 3));
    assertEquals("latest step-1 step-2", names(run));
    assertEquals(3, latestVersion(run));
    checkpoints.write(1, body(1, 4));
    assertEquals("latest step-1 step-2", names(run));
    assertEquals(4, latestVersion(run));
    assertEquals(3, version(run.resolve("step-2")));
  }

  @Test
  void aRunTakenUpAtAnEarlierStepKeepsTheTwoLastWritten() throws IOException {
    checkpoints.write(10, body(10, 1));
    checkpoints.write(20, body(20, 2));
    checkpoints.write(15, body(15, 3));
    assertEquals("latest step-15 step-20", names(run));
    checkpoints.write(17, body(17, 4));
    assertEquals("latest step-15 step-17", names(run));
    assertEquals(4, latestVersion(run));
  }

  @Test
  void leftoversOfAKilledRunAreIgnoredAndCleared() throws IOException {
    checkpoints.write(1, body(1, 1));
    Files.createDirectories(run.resolve(".step-2.partial/deep"));
    Files.writeString(run.resolve(".step-2.partial/deep/file"), "half");
    Files.createDirectory(run.resolve(".step-7.partial"));
    Files.createDirectory(run.resolve(".step-0.removed"));
    Files.createSymbolicLink(run.resolve(".latest.new"), Path.of("step-2"));
    Files.writeString(run.resolve("journal.jsonl"), "{}\n");
    Files.createDirectory(run.resolve(".git"));
    Files.createDirectory(run.resolve("step-two"));
    assertEquals(1, latestVersion(run));
    checkpoints.write(2, body(2, 2));
    assertEquals(".git journal.jsonl latest step-1 step-2 step-two", names(run));
    assertEquals(2, latestVersion(run));
  }

  @Test
  void aReplacedCheckpointWhoseSuccessorNeverCameIsReadAndPutBack() throws IOException {
    checkpoints.write(1, body(1, 1));
    Files.move(run.resolve("step-1"), run.resolve(".step-1.replaced"));
    Files.createDirectory(run.resolve(".step-1.partial"));
    assertEquals(1, latestVersion(run));
    assertThrows(IllegalStateException.class, () -> checkpoints.write(2, failing()));
    assertEquals("latest step-1", names(run));
    assertEquals(1, latestVersion(run));
  }

  @Test
  void withoutALinkTheHighestStepIsTheLatest() throws IOException {
    checkpoints.write(9, body(9, 1));
    checkpoints.write(10, body(10, 2));
    Files.delete(run.resolve("latest"));
    assertEquals(Optional.of(run.resolve("step-10")), checkpoints.latest());
    checkpoints.write(11, body(11, 3));
    assertEquals("latest step-10 step-11", names(run));
  }

  @Test
  void aBodyThatFailsLeavesNothingBehind() throws IOException {
    checkpoints.write(1, body(1, 1));
    assertThrows(IllegalStateException.class, () -> checkpoints.write(2, failing()));
    assertThrows(
        AssertionError.class,
        () ->
            checkpoints.write(
                2,
                partial -> {
                  throw new AssertionError();
                }));
    assertEquals("latest step-1", names(run));
    assertEquals(1, latestVersion(run));
    assertThrows(InvalidArgument.class, () -> checkpoints.write(-1, body(1, 1)));
  }

  @Test
  void aReaderAlwaysFindsAWholeCheckpointBehindTheLink() throws Exception {
    checkpoints.write(0, body(0, 1));
    var failure = new Throwable[1];
    var done = new AtomicBoolean();
    var reader =
        Thread.ofPlatform()
            .start(
                () -> {
                  try {
                    for (int last = 1; !done.get(); ) {
                      int now = GptConfigFile.read(run.resolve("latest")).vocabulary();
                      assertTrue(now >= last, now + " after " + last);
                      last = now;
                    }
                  } catch (Throwable e) {
                    failure[0] = e;
                  }
                });
    for (int step = 1; step <= 40; step++) {
      checkpoints.write(step, body(step, step + 1));
    }
    done.set(true);
    reader.join();
    assertEquals(null, failure[0]);
  }

  @Test
  void aPathMayBeARunAStepALinkOrAPlainModelFolder() throws IOException {
    checkpoints.write(1, body(1, 1));
    checkpoints.write(2, body(2, 2));
    assertEquals(run.resolve("step-2"), Checkpoints.resolve(run));
    assertEquals(run.resolve("step-1"), Checkpoints.resolve(run.resolve("step-1")));
    assertEquals(run.resolve("step-2").toRealPath(), Checkpoints.resolve(run.resolve("latest")));
    var plain = Files.createDirectory(folder.resolve("gpt2"));
    body(0, 3).write(plain);
    assertEquals(plain, Checkpoints.resolve(plain));
  }

  @Test
  void aPathThatLeadsToNoModelIsNamed() throws IOException {
    refuse(folder.resolve("missing"), "missing: does not exist");
    refuse(
        Files.writeString(folder.resolve("file"), ""), "file: is a file; a checkpoint is a folder");
    var empty = Files.createDirectory(folder.resolve("empty"));
    refuse(empty, "empty: is no checkpoint: it has no model.safetensors");
    Files.writeString(empty.resolve("model.safetensors"), "");
    refuse(empty, "empty: is no checkpoint: it has no config.json");
  }

  @Test
  void aRunFolderThatIsAFileIsRefused() throws IOException {
    Files.createDirectories(run.getParent());
    Files.writeString(run, "a file");
    var failure = assertThrows(StoreFailure.class, () -> checkpoints.write(1, body(1, 1)));
    assertTrue(failure.getMessage().contains("checkpoint step-1 was not written"));
    assertFalse(Files.isDirectory(run));
  }

  private static void refuse(Path path, String sentence) {
    var message = assertThrows(BadFile.class, () -> Checkpoints.resolve(path)).getMessage();
    assertTrue(message.endsWith(sentence), message);
  }

  private static Checkpoints.Body failing() {
    return partial -> {
      Files.writeString(partial.resolve("config.json"), "half");
      throw new IllegalStateException("device lost");
    };
  }
}
