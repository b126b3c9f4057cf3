package dev.gatun.laws.emulator;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// A kernel as the assembler made it for sm_90: its name and types, without namespaces, and the
/// registers of a thread.
record Assembled(String name, int registers) {
  private static final Pattern KERNEL =
      Pattern.compile(
          "Compiling entry function '([^']+)' for 'sm_90'.*?Used (\\d+) registers", Pattern.DOTALL);

  /// The kernels of a build, from what it keeps of the assembler's words.
  static List<Assembled> all(Path build) throws IOException {
    var words = new StringBuilder();
    try (Stream<Path> files = Files.walk(build)) {
      for (var file : files.filter(file -> file.endsWith("resources")).toList()) {
        words.append(Files.readString(file));
      }
    }
    return KERNEL
        .matcher(demangled(words.toString()))
        .results()
        .map(found -> new Assembled(bare(found.group(1)), Integer.parseInt(found.group(2))))
        .toList();
  }

  private static String bare(String name) {
    return name.replaceAll("\\(anonymous namespace\\)::|\\b[a-z_]+::|^void ", "")
        .replace("> >", ">>");
  }

  /// The one whose name begins so.
  static Assembled of(List<Assembled> kernels, String name) {
    return kernels.stream()
        .filter(kernel -> kernel.name().startsWith(name))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException(name + " was not assembled"));
  }

  private static String demangled(String words) throws IOException {
    var mangled = Files.createTempFile("kernels", ".txt");
    try {
      Files.writeString(mangled, words);
      var tool = new ProcessBuilder("c++filt").redirectInput(mangled.toFile()).start();
      return new String(tool.getInputStream().readAllBytes());
    } finally {
      Files.delete(mangled);
    }
  }
}
