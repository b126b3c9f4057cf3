package dev.gatun.bench;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Where and how a run was measured.
final class Environment {
  private static final String UNKNOWN = "unknown";

  private Environment() {}

  static Map<String, Object> of(Run run) {
    var about = new LinkedHashMap<String, Object>();
    about.put("began", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
    about.put("cpu", processor());
    about.put("cores", Runtime.getRuntime().availableProcessors());
    about.put("load", load());
    about.put("os", property("os.name") + " " + property("os.version"));
    about.put("jdk", property("java.vendor") + " " + property("java.runtime.version"));
    about.put("quick", run.quick());
    describe(run, about);
    about.put("commit", commit());
    about.put("command", "gatun bench " + afterJar(property("sun.java.command")));
    return about;
  }

  /// What the library says of itself: the instruction set taken, whose products.
  private static void describe(Run run, Map<String, Object> about) {
    try (var device = run.open()) {
      about.put("backend", device.backend());
      for (var line : device.describe().lines().toList()) {
        int colon = line.indexOf(": ");
        if (colon > 0) about.put("gatun " + line.substring(0, colon), line.substring(colon + 2));
      }
    }
  }

  private static String property(String name) {
    return System.getProperty(name, "");
  }

  /// Without where the numbers went.
  private static String afterJar(String command) {
    int space = command.indexOf(' ');
    return space < 0 ? "" : command.substring(space + 1).replaceAll(" --out[ =]\\S+", "");
  }

  /// Whether the processor has instructions for it.
  static boolean multipliesBf16() {
    return fields().getOrDefault("flags", "").contains("avx512_bf16");
  }

  /// The name that the system has for it, with family and model, which names often leave out.
  private static String processor() {
    var fields = fields();
    return "%s (family %s, model %s)"
        .formatted(fields.get("model name"), fields.get("cpu family"), fields.get("model"));
  }

  /// What the system says of the first processor.
  private static Map<String, String> fields() {
    var fields = new LinkedHashMap<String, String>();
    for (var line : text(Path.of("/proc/cpuinfo")).lines().toList()) {
      var parts = line.split("\\s*:\\s*", 2);
      if (parts.length == 2) fields.putIfAbsent(parts[0], parts[1]);
    }
    return fields;
  }

  /// Processes that ran or waited to run, over the last minute, before this run began.
  private static String load() {
    return text(Path.of("/proc/loadavg")).split(" ")[0];
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException unknown) {
      return "";
    }
  }

  /// Of the checkout that the command was run from, as it is by then.
  private static String commit() {
    var root = System.getProperty("gatun.root");
    if (root == null || !Files.exists(Path.of(root, ".git"))) return UNKNOWN;
    var head = git(root, "rev-parse", "--short=12", "HEAD");
    var changes = git(root, "status", "--porcelain");
    if (head.isEmpty() || changes.isEmpty()) return UNKNOWN;
    return head.get() + (changes.get().isEmpty() ? "" : ", changed");
  }

  /// Empty where it fails.
  private static Optional<String> git(String root, String... words) {
    var all = new ArrayList<>(List.of("git", "-C", root));
    all.addAll(List.of(words));
    try {
      var process = new ProcessBuilder(all).redirectError(Redirect.DISCARD).start();
      var said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return process.waitFor() == 0 ? Optional.of(said.strip()) : Optional.empty();
    } catch (IOException none) {
      return Optional.empty();
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    }
  }
}
