package dev.gatun.bench;

import dev.gatun.GatunException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

/// The command: runs the benches named, or all, prints their rows and writes them to a file. It
/// answers with 0 where each yielded its numbers, 2 where the command line is wrong, else 1.
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

  @Option(names = "--peers", description = "The same work by DJL and by PyTorch too.")
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
      description = "Whose kernels; no other's are taken.")
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
    var line = new CommandLine(new Bench()).setCaseInsensitiveEnumValuesAllowed(true);
    line.setExecutionExceptionHandler((failure, _, _) -> failed(failure));
    System.exit(line.execute(words));
  }

  private static int failed(Exception failure) {
    boolean told = failure instanceof GatunException || failure instanceof BenchFailure;
    System.err.println("gatun: " + (told ? failure.getMessage() : failure));
    if (!told) failure.printStackTrace();
    return 1;
  }

  @Override
  public Integer call() throws Exception {
    if (threads < 0) throw new ParameterException(new CommandLine(this), "--threads is below 0");
    var run = new Run(backend.name(), threads, quick, new Rows());
    var environment = Environment.of(run);
    var cases = new ArrayList<Case>();
    for (var subject : subjects()) cases.addAll(subject.cases(run));
    cases.removeIf(each -> !each.isCeiling() && !only.matcher(each.name()).find());
    new Progress(cases, System.err).runAll();
    System.out.println("written to " + run.rows().write(out, environment));
    return 0;
  }

  private List<Subject> subjects() {
    if (!named.isEmpty()) return named;
    return List.of(Subject.values()).stream().filter(each -> peers || !each.isPeer()).toList();
  }
}
