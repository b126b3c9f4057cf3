package dev.gatun.store;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;

/// The five ways a checkpoint changes the disk. Each may be the last thing a killed run did:
/// tests implement it to stop at every one.
interface Disk {
  /// The disk itself.
  Disk REAL = new Real();

  /// Creates an empty folder; it must not exist.
  void create(Path folder) throws IOException;

  /// Forces a file's bytes, or a folder's names, onto the disk.
  void force(Path fileOrFolder) throws IOException;

  /// Renames in one atomic step. A file or link at `to` is replaced; a folder there is not.
  void rename(Path from, Path to) throws IOException;

  /// Creates a symbolic link; nothing may exist at `link`.
  void link(Path link, Path target) throws IOException;

  /// Deletes a file, a link, or an empty folder.
  void delete(Path fileOrFolder) throws IOException;

  /// Forces a folder and all below it, the innermost first. Links are not followed.
  default void forceAll(Path folder) throws IOException {
    try (var below = Files.walk(folder)) {
      for (var path : below.sorted(Comparator.reverseOrder()).toList()) {
        if (!Files.isSymbolicLink(path)) {
          force(path);
        }
      }
    }
  }

  /// Deletes a folder and all below it. Links are deleted, not followed.
  default void deleteAll(Path folder) throws IOException {
    try (var below = Files.walk(folder)) {
      for (var path : below.sorted(Comparator.reverseOrder()).toList()) {
        delete(path);
      }
    }
  }

  /// Plain calls to the file system.
  final class Real implements Disk {
    @Override
    public void create(Path folder) throws IOException {
      Files.createDirectory(folder);
    }

    @Override
    public void force(Path fileOrFolder) throws IOException {
      try (var channel = FileChannel.open(fileOrFolder, StandardOpenOption.READ)) {
        channel.force(true);
      }
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
      Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    }

    @Override
    public void link(Path link, Path target) throws IOException {
      Files.createSymbolicLink(link, target);
    }

    @Override
    public void delete(Path fileOrFolder) throws IOException {
      Files.delete(fileOrFolder);
    }
  }
}
