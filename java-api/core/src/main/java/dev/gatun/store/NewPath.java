package dev.gatun.store;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/// A file or folder that was not there: it appears whole, under its name, or not at all. What a
/// kill or a refusing disk leaves beside it is hidden, and gone with the next write.
final class NewPath {
  /// Makes it, under the name it is given.
  @FunctionalInterface
  interface Body {
    void make(Path partial) throws IOException;
  }

  private NewPath() {}

  /// Throws [StoreFailure] unless something new can be called that: its folder is there, and
  /// nothing has the name.
  static void requireFree(Path path) {
    try {
      if (Files.exists(path)) throw new FileAlreadyExistsException(path.toString());
      if (!Files.isDirectory(path.toAbsolutePath().getParent())) {
        throw new NoSuchFileException(path.toString());
      }
    } catch (IOException e) {
      throw StoreFailure.writing(path, e);
    }
  }

  /// Lets `body` make it under another name, which is free, and then gives it its own.
  static void write(Path path, Body body) {
    requireFree(path);
    var partial = path.resolveSibling("." + path.getFileName() + ".partial");
    try {
      if (Files.exists(partial)) Disk.REAL.deleteAll(partial);
      body.make(partial);
      Disk.REAL.forceAll(partial);
      Disk.REAL.rename(partial, path);
      Disk.REAL.force(path.toAbsolutePath().getParent());
    } catch (IOException e) {
      throw StoreFailure.writing(path, e);
    }
  }
}
