package dev.gatun.store;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// Writing a file that was not there: it appears whole, or not at all, or a sentence says why.
final class NewFile {
  /// Writes the contents into an open channel.
  interface Body {
    void write(FileChannel channel) throws IOException;
  }

  private NewFile() {}

  /// Creates `file` and lets `body` fill it. Whatever `body` throws, the partial file is removed.
  ///
  /// @throws StoreFailure if `file` exists already or the disk refuses
  static void write(Path file, Body body) {
    try (var channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      fill(file, channel, body);
    } catch (IOException e) {
      throw StoreFailure.writing(file, e);
    }
  }

  private static void fill(Path file, FileChannel channel, Body body) throws IOException {
    try {
      body.write(channel);
    } catch (IOException e) {
      var failure = StoreFailure.writing(file, e); // before the removal: it names the bytes free
      remove(file, failure);
      throw failure;
    } catch (RuntimeException | Error e) {
      remove(file, e);
      throw e;
    }
  }

  private static void remove(Path file, Throwable because) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      because.addSuppressed(e);
    }
  }
}
