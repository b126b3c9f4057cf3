import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// Runs every kernel of the CUDA backend on emulators that ThreadSanitizer and AddressSanitizer
/// watch: they must find nothing. Then plants faults, each of which one of them must find.
///
/// Arguments: the root of the project, the test class path, the folder of oneDNN, a folder to work
/// in, the folder of the emulator's plain library, which computes what all must compute.
void main(String[] args) throws Exception {
  var root = Path.of(args[0]);
  var copy = new Copy(root, args[2], Path.of(args[3]));
  copy.refresh();
  saveCases(copy, args[1], args[4]);
  for (var sanitizer : Sanitizer.values()) {
    sanitizer.build(copy);
    if (sanitizer.replay(copy, "") != 0) {
      throw new IllegalStateException("there is a fault: see " + sanitizer.log(copy));
    }
    IO.println("%s finds nothing".formatted(sanitizer));
  }
  var faults = Mutant.all(root.resolve("tests/mutants/sanitizers"), "");
  var survivors = faults.stream().filter(fault -> !isFound(copy, fault)).map(Mutant::name).toList();
  if (survivors.isEmpty()) return;
  IO.println("survivors: " + String.join(", ", survivors));
  System.exit(1);
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
          Sanitizer.THREAD.cases(copy),
          Sanitizer.ADDRESS.cases(copy));
  if (copy.run(Sanitizer.onOneProcessor(new ProcessBuilder(words)), 10) != 0) {
    throw new IllegalStateException("no cases were saved: see " + copy.log());
  }
}

boolean isFound(Copy copy, Mutant fault) {
  var sanitizer = Sanitizer.valueOf(fault.killers().getFirst());
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

  String cases(Copy copy) {
    return copy.work().resolve(option() + ".cases").toString();
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
    return onOneProcessor(new ProcessBuilder(program, header, cases(copy), kernel))
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
