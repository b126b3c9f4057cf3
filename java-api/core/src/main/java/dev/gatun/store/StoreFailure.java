package dev.gatun.store;

import dev.gatun.GatunException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/// The disk refused: full, read-only, gone, or a file already stands where a new one should go.
/// The message says what was being done, why it failed, and how many bytes are free where writing
/// failed.
public final class StoreFailure extends GatunException {
  public StoreFailure(String message, Throwable cause) {
    super(message, cause);
  }

  static StoreFailure reading(Path file, IOException cause) {
    return new StoreFailure(file + ": could not be read: " + reason(cause), cause);
  }

  static StoreFailure writing(Path file, IOException cause) {
    return new StoreFailure(
        "%s: could not be written: %s (%s)".formatted(file, reason(cause), free(file)), cause);
  }

  /// Why, without the file name that the message already carries.
  static String reason(IOException cause) {
    return switch (cause) {
      case FileAlreadyExistsException _ -> "it exists already, and nothing is written over";
      case NoSuchFileException _ -> "no such file or folder";
      case AccessDeniedException _ -> "permission denied";
      case FileSystemException named when named.getReason() != null -> named.getReason();
      default -> cause.getMessage() == null ? cause.toString() : cause.getMessage();
    };
  }

  /// The bytes free where `file` lives or would live, in words.
  static String free(Path file) {
    try {
      var place = file.toAbsolutePath();
      while (place != null && !Files.exists(place)) {
        place = place.getParent();
      }
      return Files.getFileStore(place).getUsableSpace() + " bytes free";
    } catch (IOException | RuntimeException unknown) {
      return "free bytes unknown";
    }
  }
}
