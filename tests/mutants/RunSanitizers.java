import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/// Runs every kernel of the CUDA backend on emulators that ThreadSanitizer and AddressSanitizer
/// watch: they must find nothing. Then plants faults, each of which one of them must find. Each
/// sanitizer has a copy of the sources, and both are at work at once.
///
/// Arguments: the root of the project, the test class path, the folder of oneDNN, a folder to work
/// in, the folder of the emulator's plain library, which computes what all must compute.
void main(String[] args) throws Exception {
  var root = Path.of(args[0]);
  var work = Path.of(args[3]);
  saveCases(new Copy(root, args[2], work), args[1], args[4]);
  var survivors = new ConcurrentLinkedQueue<String>();
  try (var workers = Executors.newFixedThreadPool(Sanitizer.values().length)) {
    var ends = new ArrayList<Future<?>>();
    for (var sanitizer : Sanitizer.values()) {
      var copy = new Copy(root, args[2], work.resolve(sanitizer.name().toLowerCase()));
      ends.add(workers.submit(() -> work(sanitizer, copy, survivors)));
    }
    for (var end : ends) end.get();
  }
  if (survivors.isEmpty()) return;
  IO.println("survivors: " + String.join(", ", survivors));
  System.exit(1);
}

Void work(Sanitizer sanitizer, Copy copy, Queue<String> survivors) throws Exception {
  copy.refresh();
  sanitizer.build(copy);
  if (sanitizer.replay(copy, "") != 0) {
    throw new IllegalStateException("there is a fault: see " + sanitizer.log(copy));
  }
  IO.println("%s finds nothing".formatted(sanitizer));
  for (var fault : Mutant.all(copy.root().resolve("tests/mutants/sanitizers"), "")) {
    if (Sanitizer.valueOf(fault.killers().getFirst()) != sanitizer) continue;
    if (!isFound(sanitizer, copy, fault)) survivors.add(fault.name());
  }
  return null;
}

void saveCases(Copy copy, String classPath, String libraries) throws Exception {
  var words =
      List.of(
          Copy.java("java"),
          "-cp",
          classPath,
          "--enable-native-access=ALL-UNNAMED",
          "-Dgatun.library.path=" + libraries,
          "-Dgatun.root=" + copy.root(),
          "-Dgatun.backend=emu",
          "dev.gatun.laws.manners.Cases",
          Sanitizer.THREAD.cases(copy.work()),
          Sanitizer.ADDRESS.cases(copy.work()));
  if (copy.run(Sanitizer.onOneProcessor(new ProcessBuilder(words)), 10) != 0) {
    throw new IllegalStateException("no cases were saved: see " + copy.log());
  }
}

boolean isFound(Sanitizer sanitizer, Copy copy, Mutant fault) {
  boolean found =
      copy.planted(
          fault,
          () -> {
            sanitizer.build(copy);
            return sanitizer.replay(copy, fault.only()) != 0 && sanitizer.reports(copy);
          });
  IO.println("%s%s: %s".formatted(found ? "found     " : "SURVIVED  ", fault.name(), fault.what()));
  return found;
}

enum Sanitizer {
  THREAD("ThreadSanitizer: data race"),
  ADDRESS("AddressSanitizer: heap-buffer-overflow");

  private final String finding;

  Sanitizer(String finding) {
    this.finding = finding;
  }

  private String option() {
    return name().toLowerCase();
  }

  String cases(Path folder) {
    return folder.resolve(option() + ".cases").toString();
  }

  Path log(Copy copy) {
    return copy.work().resolve(option() + ".log");
  }

  void build(Copy copy) throws IOException, InterruptedException {
    copy.build(copy.configured(option(), "-DGATUN_SANITIZER=" + option()), "replay");
  }

  /// The exit status of all cases, or of those of one kernel.
  int replay(Copy copy, String kernel) throws IOException, InterruptedException {
    var program = copy.work().resolve(option()).resolve("test/replay").toString();
    var header = copy.root().resolve("native/include/gatun.h").toString();
    return onOneProcessor(
            new ProcessBuilder(program, header, cases(copy.work().getParent()), kernel))
        .redirectErrorStream(true)
        .redirectOutput(log(copy).toFile())
        .start()
        .waitFor();
  }

  /// Whether the last replay ended with what this sanitizer is here to find.
  boolean reports(Copy copy) throws IOException {
    return Files.readString(log(copy)).contains(finding);
  }

  /// So that a few blocks of a kernel do all its work, going round again.
  static ProcessBuilder onOneProcessor(ProcessBuilder command) {
    command.environment().put("GATUN_EMULATOR_PROCESSORS", "1");
    return command;
  }
}
