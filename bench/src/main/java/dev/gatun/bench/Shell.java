package dev.gatun.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/// Other programs and the folders they work in.
final class Shell {
  private Shell() {}

  /// What a program says that ends well; its errors are those of the failure otherwise.
  static String said(Path folder, List<String> command) throws IOException, InterruptedException {
    var errors = Files.createTempFile("gatun-bench", ".err");
    try {
      var process =
          new ProcessBuilder(command)
              .directory(folder.toFile())
              .redirectError(errors.toFile())
              .start();
      var text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      int code = process.waitFor();
      if (code == 0) return text.strip();
      throw new BenchFailure(
          "%s ended with %d: %s%s", command.getFirst(), code, text, Files.readString(errors));
    } finally {
      Files.delete(errors);
    }
  }

  /// The command of a JVM as this one, with another library of Gatun's or other options.
  static List<String> java(Class<?> main, List<String> options, String... words) {
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-Xmx256m", "-XX:+UseSerialGC"));
    command.addAll(options);
    command.addAll(List.of("-cp", absolute(System.getProperty("java.class.path"))));
    command.add(main.getName());
    command.addAll(List.of(words));
    return command;
  }

  private static String absolute(String path) {
    var all = new ArrayList<String>();
    for (var entry : path.split(java.io.File.pathSeparator)) {
      all.add(Path.of(entry).toAbsolutePath().toString());
    }
    return String.join(java.io.File.pathSeparator, all);
  }

  /// A file of this jar, in `folder`.
  static Path unpacked(String resource, Path folder) throws IOException {
    var file = folder.resolve(Path.of(resource).getFileName());
    try (var in = Shell.class.getResourceAsStream(resource)) {
      Files.copy(in, file);
    }
    return file;
  }

  static void delete(Path folder) throws IOException {
    try (var files = Files.walk(folder)) {
      for (var file : files.sorted(Comparator.reverseOrder()).toList()) Files.delete(file);
    }
  }
}
