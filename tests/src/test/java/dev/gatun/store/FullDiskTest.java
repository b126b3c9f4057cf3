package dev.gatun.store;

import static dev.gatun.store.SampleCheckpoint.body;
import static dev.gatun.store.SampleCheckpoint.latestVersion;
import static dev.gatun.store.SampleCheckpoint.names;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A disk without room ends a write in one sentence, and the last good checkpoint stands.
class FullDiskTest {
  @TempDir Path folder;

  @Test
  void theDeviceThatIsAlwaysFullIsReportedWithTheBytesFree() throws IOException {
    var full = Path.of("/dev/full");
    assumeTrue(Files.isWritable(full));
    var checkpoints = new Checkpoints(folder);
    checkpoints.write(1, body(1, 1));
    var failure =
        assertThrows(
            StoreFailure.class,
            () -> checkpoints.write(2, partial -> Files.writeString(full, "no room")));
    assertTrue(
        failure
            .getMessage()
            .matches(
                ".*: checkpoint step-2 was not written, the last good one is step-1; .*: could not"
                    + " be written: No space left on device \\(\\d+ bytes free\\)"),
        failure.getMessage());
    assertEquals("latest step-1", names(folder));
    assertEquals(1, latestVersion(folder));
  }

  @Test
  void aFileSizeLimitEndsAWriteInOneSentence() throws Exception {
    var limited = ChildJvm.commandAfter("ulimit -f 256", child(folder));
    checkReport(ChildJvm.run(limited), "File too large");
    assertEquals("latest step-1", names(folder));
    assertEquals(1, latestVersion(folder));
  }

  @Test
  void aFileSystemThatFillsUpEndsAWriteInOneSentence() throws Exception {
    assumeTrue(mountsOfOurOwn(), "needs the right to mount in a name space of its own");
    var mount = "mount -t tmpfs -o size=1m tmpfs '" + folder + "'";
    var alone = ChildJvm.commandAfter(mount, child(folder));
    var unshare = new ArrayList<>(List.of("unshare", "--mount"));
    unshare.addAll(alone);
    checkReport(ChildJvm.run(unshare), "No space left on device");
  }

  private static void checkReport(String printed, String reason) {
    var lines = printed.lines().toList();
    assertEquals(3, lines.size(), printed);
    assertTrue(
        lines.get(0).contains("checkpoint step-2 was not written, the last good one is ste"));
    assertTrue(
        lines.get(0).contains("model.safetensors: could not be written: " + reason), printed);
    assertTrue(lines.get(0).matches(".*\\(\\d+ bytes free\\)"), printed);
    assertEquals("latest step-1", lines.get(1));
    assertEquals("1", lines.get(2));
  }

  private static List<String> child(Path run) {
    return ChildJvm.command(List.of(), LargeWriter.class, run.toString());
  }

  private boolean mountsOfOurOwn() throws InterruptedException {
    try {
      var probe = Files.createDirectories(folder.resolve("probe")).toString();
      var command = List.of("unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", probe);
      boolean able = new ProcessBuilder(command).redirectErrorStream(true).start().waitFor() == 0;
      Files.delete(Path.of(probe));
      return able;
    } catch (IOException e) {
      return false;
    }
  }

  /// Writes a checkpoint that fits, then one of 16 MiB and a plain file as large, and prints what
  /// came of it.
  static final class LargeWriter {
    private LargeWriter() {}

    public static void main(String[] arguments) throws IOException {
      var run = Path.of(arguments[0]);
      var checkpoints = new Checkpoints(run);
      checkpoints.write(1, body(1, 1));
      var large =
          new OutgoingTensor(
              StoredTensor.of("x", StoredType.U8, 16 << 20), (offset, into) -> into.fill((byte) 1));
      try {
        checkpoints.write(
            2, partial -> Safetensors.write(partial.resolve("model.safetensors"), List.of(large)));
      } catch (StoreFailure e) {
        System.out.println(e.getMessage());
      }
      assertThrows(
          StoreFailure.class, () -> Safetensors.write(run.resolve("plain"), List.of(large)));
      System.out.println(names(run));
      System.out.println(latestVersion(run));
    }
  }
}
