import static java.util.stream.Collectors.joining;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/// A planted fault, read from a file `*.mutant`: what is wrong; `file: ` the source; `killed by: `
/// who must notice; `only: ` what is run of it, if not all; the lines as they are (`-`) and as they
/// become (`+`).
record Mutant(
    String name,
    String what,
    String file,
    List<String> killers,
    String only,
    String was,
    String becomes) {
  /// Those of a folder whose name contains `part`, in the order of the sources they change.
  static List<Mutant> all(Path folder, String part) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(file -> file.toString().endsWith(".mutant"))
          .map(Mutant::read)
          .filter(mutant -> mutant.name().contains(part))
          .sorted(Comparator.comparing(Mutant::file).thenComparing(Mutant::name))
          .toList();
    }
  }

  private static Mutant read(Path file) {
    try {
      var lines = Files.readAllLines(file);
      return new Mutant(
          file.getFileName().toString().replace(".mutant", ""),
          lines.getFirst(),
          field(lines, "file: ", null),
          List.of(field(lines, "killed by: ", null).split(", ")),
          field(lines, "only: ", ""),
          text(lines, '-'),
          text(lines, '+'));
    } catch (IOException | IllegalStateException unreadable) {
      throw new IllegalStateException(file + ": " + unreadable.getMessage());
    }
  }

  private static String field(List<String> lines, String name, String without) {
    for (var line : lines) if (line.startsWith(name)) return line.substring(name.length());
    if (without == null) throw new IllegalStateException("it lacks the line \"" + name + "\"");
    return without;
  }

  private static String text(List<String> lines, char mark) {
    return lines.stream()
        .skip(3)
        .filter(line -> !line.isEmpty() && line.charAt(0) == mark)
        .map(line -> line.substring(1).strip())
        .collect(joining("\n"));
  }

  boolean isJava() {
    return file.endsWith(".java");
  }

  /// Where its killers run: sources of the CUDA backend are the emulator's.
  Backend backend() {
    boolean isCuda =
        file.endsWith(".cu") || file.endsWith(".cuh") || file.startsWith("native/runtime/cuda/");
    return isCuda ? Backend.emu : Backend.cpu;
  }

  /// The source with the fault in it. Indentation does not count.
  String applyTo(String source) {
    var lines = source.lines().map(String::strip).collect(joining("\n"));
    int at = lines.indexOf(was);
    if (was.isEmpty() || at < 0 || lines.indexOf(was, at + 1) >= 0) {
      throw new IllegalStateException("its line must stand in %s exactly once".formatted(file));
    }
    return lines.substring(0, at) + becomes + lines.substring(at + was.length()) + "\n";
  }
}
