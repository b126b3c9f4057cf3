package dev.gatun.bench;

import dev.gatun.InvalidArgument;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

/// The command: runs the benches named, or all, prints their rows and writes them to a file, those
/// of the rest too where one fails. It answers with 0 where each yielded its numbers, 2 where the
/// command line is wrong, else 1.
@Command(name = "gatun bench", description = "Measures Gatun on this machine.")
public final class Bench implements Callable<Integer> {
  @Parameters(
      arity = "0..*",
      paramLabel = "NAME",
      description = "Of: ${COMPLETION-CANDIDATES}; all where none is named.")
  private List<Subject> named = List.of();

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Tells this.")
  private boolean help;

  @Option(names = "--quick", description = "Small sizes, for moments: shows that all work.")
  private boolean quick;

  @Option(names = "--peers", description = "The same work by DJL and by PyTorch too; on the CPU.")
  private boolean peers;

  @Option(
      names = "--only",
      paramLabel = "REGEX",
      defaultValue = "",
      description = "Of the cases, whose names the progress tells, those in which this is found.")
  private Pattern only;

  @Option(
      names = "--device",
      paramLabel = "cpu|cuda|emu",
      defaultValue = "cpu",
      description = "Whose kernels; no other's are taken. Reports are made of those of cpu.")
  private Backend backend;

  @Option(
      names = "--threads",
      paramLabel = "N",
      defaultValue = "0",
      description = "Threads of the CPU; 0 takes all. The smallest steps take one.")
  private int threads;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      defaultValue = "bench-results",
      description = "Where the numbers go, as JSON: ${DEFAULT-VALUE}.")
  private Path out;

  private Bench() {}

  /// Whose kernels are measured.
  enum Backend {
    cpu,
    cuda,
    emu
  }

  public static void main(String... words) {
    System.exit(answer(words));
  }

  /// The same inside a process that goes on.
  static int answer(String... words) {
    var line = new CommandLine(new Bench()).setCaseInsensitiveEnumValuesAllowed(true);
    line.setExecutionExceptionHandler((failure, _, _) -> failed(failure));
    return line.execute(words);
  }

  private static int failed(Exception failure) {
    BenchFailure.tell(failure, System.err);
    return 1;
  }

  @Override
  public Integer call() throws Exception {
    requireSensible();
    var run = new Run(backend.name(), threads, quick, new Rows());
    var progress = new Progress(cases(run), System.err);
    makeFolder();
    var numbers = new Numbers(out, environment(run), run.rows());
    progress.runAll(() -> numbers.write(progress));
    System.out.println("written to " + numbers.file());
    return progress.failed().isEmpty() ? 0 : 1;
  }

  /// Of which the device knows how many threads it can have.
  private Map<String, Object> environment(Run run) {
    try {
      return Environment.of(run);
    } catch (InvalidArgument refusal) {
      throw wrong(refusal.getMessage());
    }
  }

  private void makeFolder() {
    try {
      Files.createDirectories(out);
    } catch (FileAlreadyExistsException e) {
      throw wrong("--out " + out + " is no folder");
    } catch (IOException e) {
      throw wrong("--out " + out + " could not be made: " + e);
    }
  }

  private void requireSensible() {
    if (threads < 0) throw wrong("--threads is below 0");
    if (backend != Backend.cpu && subjects().stream().anyMatch(Subject::isPeer)) {
      throw wrong("DJL and PyTorch are measured beside --device cpu only, not " + backend);
    }
  }

  private ParameterException wrong(String why) {
    return new ParameterException(new CommandLine(this), why);
  }

  /// Without benches of which nothing is left but their ceilings. Fails where a peer of one that is
  /// left cannot run.
  private List<Case> cases(Run run) throws Exception {
    var cases = new ArrayList<Case>();
    for (var subject : subjects()) {
      var own = subject.cases(run).stream().filter(this::isAsked).toList();
      if (own.stream().allMatch(Case::isCeiling)) continue;
      subject.requirePeer();
      cases.addAll(own);
    }
    if (cases.isEmpty()) throw wrong("--only " + only + " is found in no case's name");
    return cases;
  }

  private boolean isAsked(Subject each) {
    if (each.isPeer()) return peers || named.contains(each);
    return named.isEmpty() || named.contains(each);
  }

  private boolean isAsked(Case each) {
    return each.isCeiling() || only.matcher(each.name()).find();
  }

  private List<Subject> subjects() {
    return List.of(Subject.values()).stream().filter(this::isAsked).toList();
  }
}
