package dev.gatun.store;

import static dev.gatun.store.SampleCheckpoint.body;
import static dev.gatun.store.SampleCheckpoint.latestVersion;
import static dev.gatun.store.SampleCheckpoint.names;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A process that does nothing but write checkpoints is killed with SIGKILL, again and again.
class KilledRunTest {
  private static final long SPENT_NANOS = TimeUnit.SECONDS.toNanos(3);

  @TempDir Path folder;

  @Test
  @Timeout(60)
  void whateverTheMomentNoCheckpointThatWasReportedIsLost() throws Exception {
    var run = folder.resolve("run");
    var random = new Random(5);
    long end = System.nanoTime() + SPENT_NANOS;
    int last = 0;
    for (int round = 0; round < 4 || System.nanoTime() < end; round++) {
      int reported = runAndKill(run, random.nextInt(120));
      int version = latestVersion(run);
      assertTrue(reported > last, "nothing was written in round " + round);
      assertTrue(
          version == reported || version == reported + 1,
          "version " + reported + " was reported, but the latest is " + version);
      last = version;
    }
    new Checkpoints(run).write(0, body(0, 1));
    assertEquals(1, latestVersion(run));
    assertTrue(names(run).matches("latest( step-\\d+){1,2}"), names(run));
  }

  /// Returns the last version that the child reported as written.
  private static int runAndKill(Path run, int afterMillis) throws Exception {
    var command = ChildJvm.command(List.of(), EndlessWriter.class, run.toString());
    var child = new ProcessBuilder(command).redirectErrorStream(true).start();
    try (var lines =
        new BufferedReader(new InputStreamReader(child.getInputStream(), StandardCharsets.UTF_8))) {
      int reported = number(lines);
      TimeUnit.MILLISECONDS.sleep(afterMillis);
      child.toHandle().destroyForcibly(); // the handle's, which leaves the pipe open to be read
      for (int next; (next = number(lines)) != 0; ) {
        reported = next;
      }
      child.waitFor();
      return reported;
    } finally {
      child.destroyForcibly();
    }
  }

  /// The next complete line, `.`-terminated, as a number; 0 at the end, which may cut a line
  /// short.
  private static int number(BufferedReader lines) throws IOException {
    var line = lines.readLine();
    if (line == null || line.matches("\\d*")) {
      return 0;
    }
    assertTrue(line.matches("\\d+\\."), line);
    return Integer.parseInt(line.substring(0, line.length() - 1));
  }

  /// Goes on from the latest checkpoint; every third is written over the step before.
  static final class EndlessWriter {
    private EndlessWriter() {}

    public static void main(String[] arguments) {
      var checkpoints = new Checkpoints(Path.of(arguments[0]));
      var latest = checkpoints.latest();
      int version = latest.map(SampleCheckpoint::version).orElse(0);
      long step = latest.map(TrainerState::read).map(TrainerState::step).orElse(0L);
      while (true) {
        version++;
        step += version % 3 == 0 ? 0 : 1;
        checkpoints.write(step, body(step, version));
        System.out.println(version + ".");
        System.out.flush();
      }
    }
  }
}
