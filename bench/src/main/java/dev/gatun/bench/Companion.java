package dev.gatun.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// Another program that lives as long as a measurement: it reads how many runs are wanted, a line
/// each, and answers with the median of their microseconds.
final class Companion implements Turns.Timed, AutoCloseable {
  private final List<String> command;
  private final Path errors;
  private final Process process;
  private final BufferedReader answers;
  private final PrintStream wishes;

  Companion(Path folder, List<String> command) throws IOException {
    this.command = command;
    errors = Files.createTempFile("gatun-bench", ".err");
    process = started(folder);
    answers = process.inputReader(StandardCharsets.UTF_8);
    wishes = new PrintStream(process.getOutputStream(), true, StandardCharsets.UTF_8);
  }

  private Process started(Path folder) throws IOException {
    var program = new ProcessBuilder(command).directory(folder.toFile());
    try {
      return program.redirectError(errors.toFile()).start();
    } catch (IOException absent) {
      Files.delete(errors);
      throw new BenchFailure("%s", absent.getMessage());
    }
  }

  /// The next line it says.
  String line() throws IOException, InterruptedException {
    var line = answers.readLine();
    if (line != null) return line;
    throw new BenchFailure(
        "%s ended with %d: %s",
        String.join(" ", command), process.waitFor(), Files.readString(errors));
  }

  @Override
  public double microseconds(int runs) throws IOException, InterruptedException {
    wishes.println(runs);
    return Double.parseDouble(line());
  }

  /// Ends it, by telling it that no more is wanted.
  @Override
  public void close() throws IOException {
    wishes.close();
    try {
      process.waitFor();
    } catch (InterruptedException stop) {
      process.destroy();
      Thread.currentThread().interrupt();
    }
    Files.delete(errors);
  }
}
