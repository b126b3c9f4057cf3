package dev.gatun.tool;

import dev.gatun.GatunException;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/// The commands. They answer with 0 where all went well, 2 where the command line is wrong, else 1;
/// what went wrong is one sentence on the error stream.
@Command(
    name = "gatun",
    description = "Pre-trains transformers on hand-written kernels.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      TrainCommand.class,
      EvaluateCommand.class,
      GenerateCommand.class,
      CurvatureCommand.class,
      GrowCommand.class,
      FitCommand.class,
      PlanCommand.class,
      LadderCommand.class,
      DoctorCommand.class
    })
public final class Main implements Runnable {
  private static final int FAILED = 1;

  @Spec private CommandSpec spec;

  @Option(
      names = "--stacktrace",
      scope = ScopeType.INHERIT,
      description = "When something fails, say where in the code.")
  private boolean stacktrace;

  private Main() {}

  /// Runs one command and ends the process with its answer.
  public static void main(String... arguments) {
    System.exit(run(writer(FileDescriptor.out), writer(FileDescriptor.err), arguments));
  }

  // UTF-8 whatever the locale says: text that streams out of a model is UTF-8.
  private static PrintWriter writer(FileDescriptor to) {
    return new PrintWriter(new FileOutputStream(to), true, StandardCharsets.UTF_8);
  }

  /// The same inside a process that goes on: returns the answer.
  static int run(PrintWriter out, PrintWriter err, String... arguments) {
    var main = new Main();
    var line = new CommandLine(main).setOut(out).setErr(err);
    Setting.addTo(line.getSubcommands().get("train").getCommandSpec());
    line.setParameterExceptionHandler((wrong, _) -> misused(wrong));
    line.setExecutionExceptionHandler((failure, _, _) -> main.failed(failure));
    try {
      return line.execute(arguments);
    } catch (OutOfMemoryError full) {
      return main.failed(full);
    } finally {
      out.flush();
      err.flush();
    }
  }

  private static int misused(ParameterException wrong) {
    var line = wrong.getCommandLine();
    line.getErr()
        .printf(
            "gatun: %s (see %s --help)%n",
            wrong.getMessage(), line.getCommandSpec().qualifiedName());
    return line.getCommandSpec().exitCodeOnInvalidInput();
  }

  private int failed(Throwable failure) {
    var err = spec.commandLine().getErr();
    err.println("gatun: " + sentence(failure));
    if (stacktrace) failure.printStackTrace(err);
    return FAILED;
  }

  private static String sentence(Throwable failure) {
    return switch (failure) {
      case GatunException told -> told.getMessage();
      case OutOfMemoryError full ->
          "the Java heap of %d MiB is full (%s): a larger one needs GATUN_JAVA_OPTIONS=-Xmx4g"
              .formatted(Runtime.getRuntime().maxMemory() >> 20, full.getMessage());
      default -> "%s (more with --stacktrace)".formatted(failure);
    };
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "a command is missing");
  }
}
