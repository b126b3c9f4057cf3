package dev.gatun.tool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/// Runs commands inside this process, on models that take moments.
final class Commands {
  /// A model of 10,944 parameters and a recipe that fits it.
  static final List<String> SMALL =
      List.of(
          "--layers=2",
          "--heads=2",
          "--width=16",
          "--context=16",
          "--batch=4",
          "--lr=0.01",
          "--threads=1",
          "--device=cpu",
          "--evaluate-batches=2");

  private Commands() {}

  /// What a command answered and printed.
  record Outcome(int code, String out, String err) {
    Outcome requireGood() {
      assertEquals(0, code, err);
      return this;
    }

    /// Exactly one sentence on the error stream, which holds `part`, and no good answer.
    void requireRefusal(int wanted, String part) {
      assertEquals(wanted, code, out + err);
      assertTrue(err.startsWith("gatun: ") && err.lines().count() == 1, err);
      assertTrue(err.contains(part), err);
    }
  }

  static Outcome run(List<String> arguments) {
    var out = new StringWriter();
    var err = new StringWriter();
    var console = System.err;
    System.setErr(new PrintStream(OutputStream.nullOutputStream())); // where progress goes
    try {
      int code =
          Main.run(new PrintWriter(out), new PrintWriter(err), arguments.toArray(String[]::new));
      return new Outcome(code, out.toString(), err.toString());
    } finally {
      System.setErr(console);
    }
  }

  static Outcome run(String... arguments) {
    return run(List.of(arguments));
  }

  /// The arguments of `train` for the small model, of which `more` may replace some.
  static List<String> training(Path data, Path out, String... more) {
    var arguments = new ArrayList<>(List.of("train", "--data=" + data, "--out=" + out));
    arguments.addAll(SMALL);
    for (var argument : more) {
      arguments.removeIf(other -> other.startsWith(argument.replaceFirst("=.*", "=")));
    }
    arguments.addAll(List.of(more));
    return arguments;
  }

  /// A folder of forty short texts of seven words, the same for the same seed.
  static Path texts(Path folder, long seed) throws IOException {
    var words = List.of("lock", "ship", "canal", "water", "gate", "rises", "falls");
    var random = new Random(seed);
    Files.createDirectories(folder);
    for (int file = 0; file < 40; file++) {
      var text = new StringBuilder();
      for (int word = 0; word < 60; word++) {
        text.append(words.get(random.nextInt(words.size()))).append(word % 9 == 8 ? ".\n" : " ");
      }
      Files.writeString(folder.resolve("text" + file), text);
    }
    return folder;
  }

  /// Every file below a folder with its bytes, as far as equality goes.
  static Map<String, Integer> everything(Path folder) throws IOException {
    var all = new TreeMap<String, Integer>();
    try (var paths = Files.walk(folder)) {
      for (var path : paths.toList()) {
        boolean plain = Files.isRegularFile(path);
        int hash = plain ? Arrays.hashCode(Files.readAllBytes(path)) : 0;
        all.put(folder.relativize(path).toString(), hash);
      }
    }
    return all;
  }
}
