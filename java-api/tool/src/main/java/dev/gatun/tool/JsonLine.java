package dev.gatun.tool;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;

/// What `--json` prints: one object on one line, numbers with all their digits.
final class JsonLine {
  private JsonLine() {}

  static String of(Map<String, ?> fields) {
    try {
      return JSON.std.asString(fields);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
