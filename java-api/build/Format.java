import com.google.googlejavaformat.java.Formatter;
import com.google.googlejavaformat.java.FormatterException;
import com.google.googlejavaformat.java.RemoveUnusedImports;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// Holds every source to one layout: Java to google-java-format, C and C++ to clang-format 14 where
/// it is found. Arguments: `check` (fail and name the files) or `write` (rewrite them), then the
/// root of the project.
void main(String[] args) throws Exception {
  boolean write = args[0].equals("write");
  var root = Path.of(args[1]);
  var java = sources(root, ".java").map(file -> crookedJava(file, write));
  var crooked =
      Stream.concat(java, sourcesInC(root).map(file -> crookedByClang(file, write)))
          .parallel()
          .flatMap(Optional::stream)
          .map(root::relativize)
          .toList();
  if (crooked.isEmpty() || write) return;
  crooked.forEach(file -> System.err.println("not formatted: " + file));
  System.err.println("`./mvnw -N validate -Dformat=write` mends this");
  System.exit(1);
}

Stream<Path> sources(Path root, String... endings) throws IOException {
  var found = new ArrayList<Path>();
  for (var top : List.of("native", "java-api", "kernels", "bench", "tests")) {
    try (Stream<Path> all = Files.walk(root.resolve(top))) {
      all.filter(file -> Stream.of(endings).anyMatch(file.toString()::endsWith))
          .filter(file -> !root.relativize(file).toString().contains("target/"))
          .forEach(found::add);
    }
  }
  return found.stream();
}

Optional<Path> crookedJava(Path file, boolean write) {
  try {
    var text = Files.readString(file);
    var straight = new Formatter().formatSource(RemoveUnusedImports.removeUnusedImports(text));
    if (straight.equals(text)) return Optional.empty();
    if (write) Files.writeString(file, straight);
    return Optional.of(file);
  } catch (IOException | FormatterException broken) {
    throw new IllegalStateException(file + ": " + broken.getMessage(), broken);
  }
}

Stream<Path> sourcesInC(Path root) throws Exception {
  if (!clangFormatMajor().equals("14")) {
    System.out.println(
        "clang-format 14 is not installed: the layout of C and C++ sources is not checked");
    return Stream.empty();
  }
  return sources(root, ".c", ".h", ".cpp", ".cu", ".cuh")
      .filter(file -> !file.endsWith("gatun.h")); // laid out by hand: it is read as a table
}

Optional<Path> crookedByClang(Path file, boolean write) {
  try {
    var command = new ArrayList<>(List.of("clang-format"));
    command.addAll(write ? List.of("-i") : List.of("--dry-run", "-Werror"));
    command.add(file.toString());
    var process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getInputStream().readAllBytes();
    return process.waitFor() == 0 ? Optional.empty() : Optional.of(file);
  } catch (IOException | InterruptedException broken) {
    throw new IllegalStateException(file + ": " + broken.getMessage(), broken);
  }
}

String clangFormatMajor() throws InterruptedException {
  try {
    var process = new ProcessBuilder("clang-format", "--version").start();
    var answer = new String(process.getInputStream().readAllBytes());
    process.waitFor();
    return answer.replaceAll("(?s).*version (\\d+).*", "$1");
  } catch (IOException absent) {
    return "none";
  }
}
