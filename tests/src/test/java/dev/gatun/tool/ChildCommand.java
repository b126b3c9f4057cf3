package dev.gatun.tool;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.QuickJvm;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/// Runs commands in a JVM of their own, which may be killed.
final class ChildCommand {
  private ChildCommand() {}

  /// The JVM's command line for a command of the tool, on this JVM's class path.
  static List<String> line(List<String> arguments) {
    return line(Path.of(System.getProperty("gatun.library.path")), arguments);
  }

  /// The same with libraries from another folder.
  static List<String> line(Path libraries, List<String> arguments) {
    var line = QuickJvm.command();
    line.addAll(List.of("--enable-native-access=ALL-UNNAMED", "--illegal-native-access=deny"));
    line.add("-Dgatun.library.path=" + libraries);
    line.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
    line.addAll(arguments);
    return line;
  }

  /// Starts the command, kills it with SIGKILL as soon as it prints `sign`, and waits for its end.
  static void killAt(String sign, List<String> arguments) throws IOException, InterruptedException {
    var child = new ProcessBuilder(line(arguments)).redirectErrorStream(true).start();
    var seen = new StringBuilder();
    try (var lines =
        new BufferedReader(new InputStreamReader(child.getInputStream(), StandardCharsets.UTF_8))) {
      String text;
      while ((text = lines.readLine()) != null && !text.contains(sign)) seen.append(text);
      assertTrue(text != null, "the command ended before it printed " + sign + ": " + seen);
    } finally {
      child.destroyForcibly();
      child.waitFor();
    }
  }
}
