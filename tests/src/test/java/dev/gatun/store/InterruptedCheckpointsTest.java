package dev.gatun.store;

import static dev.gatun.store.SampleCheckpoint.body;
import static dev.gatun.store.SampleCheckpoint.latestVersion;
import static dev.gatun.store.SampleCheckpoint.names;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/// Every change a write makes to the disk is, in turn, the one that fails, or the first a killed
/// run no longer makes.
class InterruptedCheckpointsTest {
  private static final int NEW = 77;

  @TempDir Path folder;

  /// What stands when the write begins: these steps, written in this order with versions from 1.
  private record Scenario(String name, long[] before, long step, boolean linked) {
    Scenario(String name, long[] before, long step) {
      this(name, before, step, true);
    }

    int lastVersion() {
      return before.length;
    }
  }

  private static Stream<Scenario> scenarios() {
    return Stream.of(
        new Scenario("the first", new long[] {}, 4),
        new Scenario("the second", new long[] {3}, 4),
        new Scenario("the third", new long[] {2, 3}, 4),
        new Scenario("the only one again", new long[] {4}, 4),
        new Scenario("the latest again", new long[] {3, 4}, 4),
        new Scenario("an earlier one again", new long[] {4, 5}, 4),
        new Scenario("one killed before its first link", new long[] {4}, 4, false));
  }

  @TestFactory
  Stream<DynamicTest> aDiskThatRefusesAnyOneChangeLeavesAGoodCheckpoint() {
    return each(false);
  }

  @TestFactory
  Stream<DynamicTest> aRunKilledBeforeAnyChangeLeavesAGoodCheckpoint() {
    return each(true);
  }

  private Stream<DynamicTest> each(boolean killed) {
    return scenarios()
        .map(each -> DynamicTest.dynamicTest(each.name(), () -> interruptEverywhere(each, killed)));
  }

  private void interruptEverywhere(Scenario scenario, boolean killed) throws IOException {
    int interrupted = 0;
    for (boolean reached = true; reached; interrupted++) {
      var run = Files.createTempDirectory(folder, "run");
      for (int i = 0; i < scenario.before().length; i++) {
        new Checkpoints(run, healthy())
            .write(scenario.before()[i], body(scenario.before()[i], i + 1));
      }
      if (!scenario.linked()) {
        Files.delete(run.resolve("latest"));
      }
      var disk = new FailingDisk(interrupted, killed);
      boolean written = write(new Checkpoints(run, disk), scenario.step(), killed);
      reached = disk.failed;
      checkLatest(scenario, run, written, disk);
      if (!killed && reached && !disk.deleting) {
        assertFalse(names(run).contains(".partial"), names(run));
      }
      new Checkpoints(run, healthy()).write(6, body(6, 6));
      assertEquals(6, latestVersion(run));
      assertTrue(names(run).matches("latest( step-\\d){1,2}"), names(run));
    }
    assertTrue(interrupted > 10, "only " + interrupted + " changes were seen");
  }

  private static boolean write(Checkpoints checkpoints, long step, boolean killed) {
    try {
      checkpoints.write(step, body(step, NEW));
      return true;
    } catch (StoreFailure e) {
      assertTrue(e.getMessage().contains("checkpoint step-" + step + " was not written"));
      assertTrue(e.getMessage().contains("refused (") && e.getMessage().contains("bytes free"));
      return false;
    } catch (Killed e) {
      assertTrue(killed);
      return false;
    }
  }

  private static void checkLatest(Scenario scenario, Path run, boolean written, FailingDisk disk)
      throws IOException {
    new RunFolder(run, Disk.REAL).steps().forEach(SampleCheckpoint::version); // each is whole
    var latest = new Checkpoints(run).latest();
    if (latest.isEmpty()) {
      assertTrue(scenario.before().length == 0 && !disk.renamed, "the last checkpoint is lost");
      return;
    }
    int version = latestVersion(run);
    assertTrue(version == NEW || version == scenario.lastVersion(), "version " + version);
    assertTrue(version == NEW || !written, "written, but the latest is " + version);
    assertTrue(version != NEW || disk.renamed, "renamed before it was forced to disk");
  }

  private static final class Killed extends Error {
    private static final long serialVersionUID = 1;
  }

  private static FailingDisk healthy() {
    return new FailingDisk(Integer.MAX_VALUE, false);
  }

  /// Passes `healthy` changes on, but forces nothing: this process lives, and forcing is slow.
  /// The next one fails; after it, a killed run makes none at all.
  private static final class FailingDisk implements Disk {
    private final boolean killed;
    private int healthy;
    private boolean failed;
    private boolean deleting;
    private boolean renamed;
    private boolean forced;

    FailingDisk(int healthy, boolean killed) {
      this.healthy = healthy;
      this.killed = killed;
    }

    @Override
    public void create(Path path) throws IOException {
      change(false);
      REAL.create(path);
    }

    @Override
    public void force(Path path) throws IOException {
      change(false);
      forced |= path.getFileName().toString().endsWith(".partial");
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
      change(false);
      assertTrue(forced || !from.toString().endsWith(".partial"), "renamed before it was forced");
      REAL.rename(from, to);
      renamed |= from.toString().endsWith(".partial");
    }

    @Override
    public void link(Path link, Path target) throws IOException {
      change(false);
      assertFalse(target.isAbsolute());
      REAL.link(link, target);
    }

    @Override
    public void delete(Path path) throws IOException {
      change(true);
      REAL.delete(path);
    }

    private void change(boolean delete) throws IOException {
      if (failed && killed) {
        throw new Killed();
      }
      if (!failed && healthy-- == 0) {
        failed = true;
        deleting = delete;
        if (killed) {
          throw new Killed();
        }
        throw new IOException("refused");
      }
    }
  }
}
