import static java.util.stream.Collectors.joining;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.stream.Stream;

/// Plants one fault after another into a copy of the sources and runs the tests that must notice. A
/// fault is a file `*.mutant` beside this program: what is wrong, the file, the test classes that
/// kill it, the line as it is (`-`) and as it becomes (`+`). A survivor fails the run, as does a
/// fault that no longer fits its source.
///
/// Arguments: the root of the project, the test class path, the folder of oneDNN, a folder to work
/// in.
void main(String[] args) throws Exception {
  var run = new Run(Path.of(args[0]), args[1], args[2], Path.of(args[3]));
  try (Stream<Path> files = Files.list(run.root().resolve("tests/mutants"))) {
    var only = System.getProperty("mutants", "");
    var mutants =
        files
            .filter(file -> file.toString().endsWith(".mutant") && file.toString().contains(only))
            .sorted()
            .map(Mutant::read)
            .toList();
    run.prepare();
    run.requireThatAllPassUnharmed(mutants);
    var survivors =
        mutants.stream().filter(mutant -> !run.kills(mutant)).map(Mutant::name).toList();
    IO.println(
        "%d faults planted, %d killed"
            .formatted(mutants.size(), mutants.size() - survivors.size()));
    if (survivors.isEmpty()) return;
    IO.println("survivors: " + String.join(", ", survivors));
    System.exit(1);
  }
}

/// A planted fault.
record Mutant(
    String name, String what, String file, List<String> killers, String was, String becomes) {
  static Mutant read(Path file) {
    try {
      var lines = Files.readAllLines(file);
      return new Mutant(
          file.getFileName().toString().replace(".mutant", ""),
          lines.getFirst(),
          field(lines, "file: "),
          List.of(field(lines, "killed by: ").split(", ")),
          text(lines, '-'),
          text(lines, '+'));
    } catch (IOException unreadable) {
      throw new IllegalStateException(file + ": " + unreadable.getMessage());
    }
  }

  private static String field(List<String> lines, String name) {
    return lines.stream()
        .filter(line -> line.startsWith(name))
        .map(line -> line.substring(name.length()))
        .findFirst()
        .orElseThrow(() -> new IllegalStateException("a mutant lacks the line \"" + name + "\""));
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

  /// The source with the fault in it. Indentation does not count.
  String applyTo(String source) {
    var lines = source.lines().map(String::strip).collect(joining("\n"));
    int at = lines.indexOf(was);
    if (was.isEmpty() || at < 0 || lines.indexOf(was, at + 1) >= 0) {
      throw new IllegalStateException(
          "%s: its line must stand in %s exactly once".formatted(name, file));
    }
    return lines.substring(0, at) + becomes + lines.substring(at + was.length()) + "\n";
  }
}

record Run(Path root, String classPath, String dnnl, Path work) {
  private static final List<String> SOURCES = List.of("native", "kernels", "java-api/core");

  /// Copies the sources and builds them once.
  void prepare() throws Exception {
    for (var source : SOURCES) copy(root.resolve(source), work.resolve(source));
    require(
        command(
            "cmake",
            "-S",
            work + "/native",
            "-B",
            work + "/build",
            "-DGATUN_DNNL_DIR=" + dnnl,
            "-DGATUN_TESTS=OFF",
            "-DGATUN_CUDA=OFF"));
    build();
  }

  private void copy(Path from, Path to) throws IOException {
    try (Stream<Path> all = Files.walk(from)) {
      for (var file : all.filter(Files::isRegularFile).toList()) {
        var inside = from.relativize(file).toString();
        if (inside.startsWith("target")) continue;
        var copy = to.resolve(inside);
        Files.createDirectories(copy.getParent());
        if (Files.exists(copy) && Files.mismatch(file, copy) < 0) continue;
        Files.copy(file, copy, StandardCopyOption.REPLACE_EXISTING);
      }
    }
  }

  void requireThatAllPassUnharmed(List<Mutant> mutants) {
    var killers = new LinkedHashSet<String>();
    mutants.forEach(mutant -> killers.addAll(mutant.killers()));
    if (!passes(List.copyOf(killers), "")) {
      throw new IllegalStateException(
          "the tests fail without any fault: see " + work.resolve("log"));
    }
  }

  /// Whether each of the mutant's killers fails with the fault in place.
  boolean kills(Mutant mutant) {
    var file = work.resolve(mutant.file());
    try {
      var sound = Files.readString(file);
      Files.writeString(file, mutant.applyTo(sound));
      try {
        var overlay = mutant.isJava() ? compile(file) : "";
        if (!mutant.isJava()) build();
        var survivedBy =
            mutant.killers().stream().filter(killer -> passes(List.of(killer), overlay)).toList();
        IO.println(
            (survivedBy.isEmpty() ? "killed    " : "SURVIVED  ")
                + mutant.name()
                + ": "
                + mutant.what());
        return survivedBy.isEmpty();
      } finally {
        Files.writeString(file, sound);
        if (!mutant.isJava()) build();
      }
    } catch (Exception broken) {
      throw new IllegalStateException(mutant.name() + ": " + broken.getMessage(), broken);
    }
  }

  private void build() throws Exception {
    int jobs = Runtime.getRuntime().availableProcessors();
    require(command("cmake", "--build", work + "/build", "--parallel", String.valueOf(jobs)));
  }

  private String compile(Path file) throws Exception {
    var overlay = work.resolve("overlay");
    deleteAll(overlay);
    require(
        command(
            java("javac"), "-nowarn", "-cp", classPath, "-d", overlay.toString(), file.toString()));
    return overlay + File.pathSeparator;
  }

  private void deleteAll(Path folder) throws IOException {
    if (!Files.exists(folder)) return;
    try (Stream<Path> all = Files.walk(folder)) {
      for (var file : all.sorted(Comparator.reverseOrder()).toList()) Files.delete(file);
    }
  }

  /// Runs test classes. A fault is killed by a failing test, or by a crash.
  private boolean passes(List<String> classes, String overlay) {
    var words = new ArrayList<>(List.of(java("java"), "-cp", overlay + classPath, "-Xmx2g"));
    words.add("--enable-native-access=ALL-UNNAMED");
    words.add("-Dgatun.library.path=" + work.resolve("build"));
    words.add("-Dgatun.root=" + root);
    words.addAll(List.of("org.junit.platform.console.ConsoleLauncher", "execute"));
    words.addAll(
        List.of(
            "--disable-banner", "--details=summary", "--fail-if-no-tests", "--exclude-tag=long"));
    classes.forEach(name -> words.add("--select-class=" + name));
    try {
      int code = command(words.toArray(String[]::new));
      if (code == 2) throw new IllegalStateException("no test in " + classes);
      return code == 0;
    } catch (IOException | InterruptedException broken) {
      throw new IllegalStateException(broken);
    }
  }

  private static String java(String tool) {
    return Path.of(System.getProperty("java.home"), "bin", tool).toString();
  }

  private int command(String... words) throws IOException, InterruptedException {
    var log = work.resolve("log").toFile();
    Files.createDirectories(work);
    return new ProcessBuilder(words)
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.appendTo(log))
        .start()
        .waitFor();
  }

  private void require(int code) {
    if (code != 0) throw new IllegalStateException("a command failed: see " + work.resolve("log"));
  }
}
