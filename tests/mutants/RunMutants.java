import static java.util.stream.Collectors.joining;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;

/// Plants one fault after another into copies of the sources and runs the tests that must notice:
/// on the CPU, or on the emulator where the fault is in a CUDA source. A survivor fails the run, as
/// does a fault that no longer fits its source. Two copies are at work at once, since most of what
/// a fault costs keeps one processor busy: one builds the CPU's library anew for each fault, the
/// other the emulator's. Faults in Java go to whichever has no others left.
///
/// Arguments: the root of the project, the test class path, the folder of oneDNN, a folder to work
/// in, the folder of the project's own libraries.
void main(String[] args) throws Exception {
  var root = Path.of(args[0]);
  var mutants = Mutant.all(root.resolve("tests/mutants"), System.getProperty("mutants", ""));
  var java = new ConcurrentLinkedQueue<>(mutants.stream().filter(Mutant::isJava).toList());
  var survivors = new ConcurrentLinkedQueue<String>();
  try (var workers = Executors.newFixedThreadPool(Backend.values().length)) {
    var ends = new ArrayList<Future<?>>();
    for (var backend : Backend.values()) {
      var copy = new Copy(root, args[2], Path.of(args[3], backend.name()));
      ends.add(
          workers.submit(
              () -> {
                var tests = Tests.of(copy, backend, args[1], Path.of(args[4]));
                return work(tests, mutants, java, survivors);
              }));
    }
    for (var end : ends) end.get();
  }
  IO.println(
      "%d faults planted, %d killed".formatted(mutants.size(), mutants.size() - survivors.size()));
  if (survivors.isEmpty()) return;
  IO.println("survivors: " + String.join(", ", survivors));
  System.exit(1);
}

/// What one copy does of the work.
Void work(Tests tests, List<Mutant> mutants, Queue<Mutant> java, Queue<String> survivors)
    throws Exception {
  for (var trial : Trial.unharmed(mutants)) {
    if (trial.backend() == tests.backend()) tests.requireToPassUnharmed(trial);
  }
  for (var mutant : mutants) {
    if (mutant.isJava() || mutant.backend() != tests.backend()) continue;
    if (!tests.kill(mutant)) survivors.add(mutant.name());
  }
  for (var mutant = java.poll(); mutant != null; mutant = java.poll()) {
    if (!tests.kill(mutant)) survivors.add(mutant.name());
  }
  return null;
}

/// What runs against a mutant: test classes, or of their samples those that a regular expression
/// finds.
record Trial(Backend backend, List<String> classes, String only) {
  static Trial of(Mutant mutant) {
    return new Trial(mutant.backend(), mutant.killers(), mutant.only());
  }

  /// Each class that runs against mutants once, with all samples that some mutant asks for.
  static List<Trial> unharmed(List<Mutant> mutants) {
    record Killer(Backend backend, String name) {}
    var samples = new LinkedHashMap<Killer, List<String>>();
    for (var mutant : mutants) {
      for (var name : mutant.killers()) {
        var killer = new Killer(mutant.backend(), name);
        samples.computeIfAbsent(killer, _ -> new ArrayList<>()).add(mutant.only());
      }
    }
    return samples.entrySet().stream()
        .map(
            each ->
                new Trial(
                    each.getKey().backend(), List.of(each.getKey().name()), any(each.getValue())))
        .toList();
  }

  private static String any(List<String> samples) {
    if (samples.contains("")) return "";
    return samples.stream().distinct().map("(?:%s)"::formatted).collect(joining("|"));
  }

  Trial with(String killer) {
    return new Trial(backend, List.of(killer), only);
  }
}

/// The tests of a copy, which builds one library, and has the others from the project.
record Tests(Copy copy, Backend backend, String classPath, Path libraries) {
  static Tests of(Copy copy, Backend backend, String classPath, Path others) throws Exception {
    copy.refresh();
    var libraries = copy.configured("build", "-DGATUN_TESTS=OFF");
    copy.build(libraries, backend.target());
    try (var files = Files.newDirectoryStream(others, "lib*.so*")) {
      for (var file : files) {
        var here = libraries.resolve(file.getFileName());
        if (!Files.exists(here)) Files.copy(file, here);
      }
    }
    return new Tests(copy, backend, classPath, libraries);
  }

  void requireToPassUnharmed(Trial trial) throws IOException, InterruptedException {
    if (pass(trial, "")) return;
    throw new IllegalStateException(
        "%s fail without any fault: see %s".formatted(trial, copy.log()));
  }

  /// Whether each of the mutant's killers fails with the fault in place.
  boolean kill(Mutant mutant) {
    var survivedBy = copy.planted(mutant, () -> passing(mutant));
    var fate = survivedBy.isEmpty() ? "killed    " : "SURVIVED  ";
    IO.println(fate + mutant.name() + ": " + mutant.what());
    return survivedBy.isEmpty();
  }

  private List<String> passing(Mutant mutant) throws Exception {
    // Whatever the fault before has left there is compiled again.
    copy.build(libraries, backend.target());
    var overlay = mutant.isJava() ? compiled(mutant) + File.pathSeparator : "";
    var survivedBy = new ArrayList<String>();
    for (var killer : mutant.killers()) {
      if (pass(Trial.of(mutant).with(killer), overlay)) survivedBy.add(killer);
    }
    return survivedBy;
  }

  /// The folder of the mutant's classes.
  private String compiled(Mutant mutant) throws Exception {
    var overlay = copy.work().resolve("overlay");
    if (Files.exists(overlay)) {
      try (Stream<Path> all = Files.walk(overlay)) {
        for (var file : all.sorted(Comparator.reverseOrder()).toList()) Files.delete(file);
      }
    }
    var file = copy.work().resolve(mutant.file()).toString();
    var javac = List.of(Copy.java("javac"), "-nowarn", "-cp", classPath, "-d", overlay.toString());
    copy.require(Stream.concat(javac.stream(), Stream.of(file)).toList());
    return overlay.toString();
  }

  /// A fault is killed by a failing test, by a crash, or by tests that never end.
  private boolean pass(Trial trial, String overlay) throws IOException, InterruptedException {
    var words = new ArrayList<>(List.of(Copy.java("java"), "-cp", overlay + classPath, "-Xmx2g"));
    words.addAll(List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
    words.add("-XX:ErrorFile=" + copy.work().resolve("crash.log"));
    words.add("--enable-native-access=ALL-UNNAMED");
    words.add("-Dgatun.library.path=" + libraries);
    words.add("-Dgatun.root=" + copy.root());
    words.add("-Dgatun.backend=" + trial.backend());
    words.add("-Dgatun.only=" + trial.only());
    words.addAll(List.of("org.junit.platform.console.ConsoleLauncher", "execute"));
    words.addAll(List.of("--disable-banner", "--details=summary", "--fail-if-no-tests"));
    words.add("--exclude-tag=long");
    trial.classes().forEach(name -> words.add("--select-class=" + name));
    int code = copy.run(new ProcessBuilder(words), 10);
    if (code == 2) throw new IllegalStateException("no test in " + trial);
    return code == 0;
  }
}
