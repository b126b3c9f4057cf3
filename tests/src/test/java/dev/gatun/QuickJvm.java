package dev.gatun;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// A JVM for what is over in a moment: nothing in it is compiled at length.
public final class QuickJvm {
  private QuickJvm() {}

  /// The beginning of its command line, of this JVM's version; more may be added.
  public static List<String> command() {
    var java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    return new ArrayList<>(
        List.of(java, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData"));
  }
}
