package dev.gatun.store;

import dev.gatun.InvalidArgument;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// The checkpoints of a run folder: `step-N` folders, each written whole beside the others and
/// renamed in one step, and `latest`, a relative link swapped atomically. The last two written
/// are kept.
///
/// A run killed at any moment, or out of disk, leaves its last checkpoint readable: the new one
/// is forced to disk before it gets its name, `latest` moves after that, and the older go last.
/// What a killed run left half-made is ignored here and cleared by the next write.
///
/// One process writes a run folder at a time. Trap: a checkpoint is never written *into*: where
/// `step-N` exists already (a run resumed from an earlier step comes by again), the old one is
/// renamed aside, stands in for itself until the new one has its name, and then goes.
public final class Checkpoints {
  private final RunFolder folder;
  private final Disk disk;

  /// Fills a checkpoint's folder.
  @FunctionalInterface
  public interface Body {
    /// Writes every file of the checkpoint into `folder`, which is new and empty. Forcing them to
    /// disk is not its business. Whatever it throws, the folder is removed.
    void write(Path folder) throws IOException;
  }

  /// The checkpoints of `run`, a folder that the first write creates where it is missing.
  public Checkpoints(Path run) {
    this(run, Disk.REAL);
  }

  Checkpoints(Path run, Disk disk) {
    this.folder = new RunFolder(run, disk);
    this.disk = disk;
  }

  /// Writes a checkpoint, moves `latest` to it, and removes all but it and the one before.
  ///
  /// @param step optimizer steps done, zero or more
  /// @return the finished folder, `step-N`
  /// @throws StoreFailure if the disk refuses: the sentence names the bytes free and the last
  ///     good checkpoint, which still stands
  public Path write(long step, Body body) {
    if (step < 0) {
      throw new InvalidArgument("step " + step + " must not be negative");
    }
    var target = folder.step(step);
    try {
      var previous = writeWhole(target, body);
      removeAllBut(target, previous);
      folder.tidy();
      return target;
    } catch (IOException e) {
      throw failed(target, StoreFailure.writing(folder.partial(target), e));
    } catch (StoreFailure e) {
      throw failed(target, e);
    } catch (RuntimeException | Error e) {
      clear(e);
      throw e;
    }
  }

  /// The last checkpoint, whole; empty where the run has none yet.
  public Optional<Path> latest() {
    try {
      return folder.latest();
    } catch (IOException e) {
      throw StoreFailure.reading(folder.run(), e);
    }
  }

  /// The folder of model files that `given` means: a run folder means its latest checkpoint, a
  /// step folder or a plain Hugging Face folder means itself.
  ///
  /// @throws BadFile if it is missing, a file, or has no `model.safetensors` and `config.json`
  public static Path resolve(Path given) {
    if (!Files.exists(given)) {
      throw new BadFile(given, "does not exist");
    }
    if (!Files.isDirectory(given)) {
      throw new BadFile(given, "is a file; a checkpoint is a folder");
    }
    var model = new Checkpoints(given).latest().orElseGet(() -> withoutLink(given));
    for (var name : List.of("model.safetensors", GptConfigFile.NAME)) {
      if (!Files.exists(model.resolve(name))) {
        throw new BadFile(model, "is no checkpoint: it has no " + name);
      }
    }
    return model;
  }

  /// Returns what was the latest checkpoint before, if there was one.
  private Optional<Path> writeWhole(Path target, Body body) throws IOException {
    Files.createDirectories(folder.run());
    folder.tidy();
    var previous = folder.latest();
    if (previous.isPresent() && !Files.exists(folder.link())) {
      folder.point(previous.get()); // killed before its first link: from here on there is one
    }
    var partial = folder.partial(target);
    disk.create(partial);
    body.write(partial);
    disk.forceAll(partial);
    if (Files.exists(target)) {
      disk.rename(target, folder.replaced(target));
    }
    disk.rename(partial, target);
    disk.force(folder.run());
    folder.point(target);
    return previous;
  }

  private void removeAllBut(Path target, Optional<Path> previous) throws IOException {
    var others = folder.steps().stream().filter(step -> !step.equals(target)).toList();
    var kept = previous.filter(others::contains).or(() -> others.reversed().stream().findFirst());
    for (var step : others) {
      if (!step.equals(kept.orElseThrow())) {
        disk.rename(step, folder.removed(step)); // half deleted, it must not look like a checkpoint
      }
    }
  }

  private StoreFailure failed(Path target, StoreFailure inner) {
    clear(inner);
    var last = latest().map(path -> "the last good one is " + path.getFileName());
    return new StoreFailure(
        "%s: checkpoint %s was not written, %s; %s"
            .formatted(
                folder.run(),
                target.getFileName(),
                last.orElse("and there is none before it"),
                inner.getMessage()),
        inner.getCause());
  }

  private void clear(Throwable because) {
    try {
      folder.tidy();
    } catch (IOException | RuntimeException e) {
      because.addSuppressed(e);
    }
  }

  private static Path withoutLink(Path folder) {
    try {
      return Files.isSymbolicLink(folder) ? folder.toRealPath() : folder;
    } catch (IOException e) {
      throw StoreFailure.reading(folder, e);
    }
  }
}
