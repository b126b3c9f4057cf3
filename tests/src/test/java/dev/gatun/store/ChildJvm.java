package dev.gatun.store;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.QuickJvm;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// A second JVM on the same class path, for what no test can do to its own.
public final class ChildJvm {
  private ChildJvm() {}

  /// The command line that runs `main`.
  public static List<String> command(List<String> options, Class<?> main, String... arguments) {
    var command = QuickJvm.command();
    command.addAll(options);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
    command.addAll(List.of(arguments));
    return command;
  }

  /// The same through a shell that runs `before` first; then the JVM takes the shell's place.
  static List<String> commandAfter(String before, List<String> command) {
    var shell = new ArrayList<>(List.of("sh", "-c", before + " && exec \"$@\"", "sh"));
    shell.addAll(command);
    return shell;
  }

  /// Runs a command to its end, which must be good, and returns what it printed.
  public static String run(List<String> command) throws IOException, InterruptedException {
    var child = new ProcessBuilder(command).redirectErrorStream(true).start();
    var printed = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, child.waitFor(), printed);
    return printed;
  }
}
