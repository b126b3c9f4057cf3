package dev.gatun.train;

import dev.gatun.GatunException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;

/// Data that cannot be trained on: missing, empty, truncated, of a foreign kind, or outside the
/// vocabulary. The message is one sentence that names the file and what is wrong with it.
public final class BadData extends GatunException {
  public BadData(String message) {
    super(message);
  }

  public BadData(String message, Throwable cause) {
    super(message, cause);
  }

  static BadData unreadable(Object file, IOException cause) {
    return new BadData("%s cannot be read: %s".formatted(file, reason(cause)), cause);
  }

  /// Why, without the file name that the message already carries.
  static String reason(IOException cause) {
    return switch (cause) {
      case NoSuchFileException _ -> "no such file or folder";
      case AccessDeniedException _ -> "permission denied";
      case FileSystemException e when e.getReason() != null -> e.getReason();
      default -> cause.getMessage() == null ? cause.toString() : cause.getMessage();
    };
  }
}
