package dev.gatun.store;

import dev.gatun.GatunException;
import java.nio.file.Path;

/// A file or folder that is not what it should be: truncated, foreign, damaged or missing. The
/// message names it and says what is wrong with it, in one sentence.
public final class BadFile extends GatunException {
  private final transient Path file;

  /// @param file the file or folder at fault
  /// @param wrong what is wrong with it, read after "file: "
  public BadFile(Path file, String wrong) {
    super(file + ": " + wrong);
    this.file = file;
  }

  /// As above, with the parser's own complaint as cause.
  public BadFile(Path file, String wrong, Throwable cause) {
    super(file + ": " + wrong, cause);
    this.file = file;
  }

  /// The file or folder at fault.
  public Path file() {
    return file;
  }
}
