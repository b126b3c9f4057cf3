package dev.gatun.tool;

import static dev.gatun.tool.Amounts.format;

import dev.gatun.scaling.Ladder;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// Designs the runs that a law of one's own is fitted to.
@Command(
    name = "ladder",
    description = {
      "Designs training runs to fit a law of one's own: several sizes at each of several budgets,"
          + " evenly around the middle, each schedule as long as its run. Byte models.",
      "With --out it writes ladder.json and commands.sh; `ladder run DIR` then trains them all."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    sortOptions = false,
    subcommands = LadderRunCommand.class)
final class LadderCommand implements Callable<Integer> {
  private static final int BYTES = 256;

  @Spec private CommandSpec spec;

  @Option(names = "--budget", paramLabel = "C", description = "6 N D of all runs together, FLOPs.")
  private Double budget;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "The ladder's folder, missing or empty; without it nothing is written.")
  private Path out;

  @Option(
      names = "--budgets",
      paramLabel = "K",
      defaultValue = "3",
      description = "Budgets (${DEFAULT-VALUE}).")
  private int budgets;

  @Option(
      names = "--factor",
      paramLabel = "X",
      defaultValue = "10",
      description = "From a budget to the next (${DEFAULT-VALUE}).")
  private double factor;

  @Option(
      names = "--sizes",
      paramLabel = "K",
      defaultValue = "4",
      description = "Sizes a budget (${DEFAULT-VALUE}).")
  private int sizes;

  @Option(
      names = "--half-width",
      paramLabel = "X",
      defaultValue = "0.5",
      description = "Decades of N from a budget's middle to its ends (${DEFAULT-VALUE}).")
  private double halfWidth;

  @Option(
      names = "--center",
      paramLabel = "X",
      defaultValue = "20",
      description = "Tokens a parameter in the middle of a budget (${DEFAULT-VALUE}).")
  private double center;

  @Option(
      names = "--context",
      paramLabel = "T",
      defaultValue = "64",
      description = "Tokens a window (${DEFAULT-VALUE}).")
  private int context;

  @Option(
      names = "--batch",
      paramLabel = "B",
      defaultValue = "16",
      description = "Windows a step (${DEFAULT-VALUE}).")
  private int batch;

  @Option(
      names = "--data",
      paramLabel = "PATH",
      description = "A text file, a folder or zip of them; else the JDK's sources.")
  private Path data;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "1337",
      description = "For the first weights and the order of windows (${DEFAULT-VALUE}).")
  private long seed;

  @Option(
      names = "--evaluate-batches",
      paramLabel = "K",
      defaultValue = "64",
      description = "Batches of held-out windows in an evaluation (${DEFAULT-VALUE}).")
  private long evaluateBatches;

  @Override
  public Integer call() {
    if (budget == null) {
      throw new ParameterException(
          spec.commandLine(), "--budget is missing: the FLOPs of all runs together");
    }
    var ladder =
        Ladder.design(
            new Ladder.Request(
                budget, budgets, factor, sizes, halfWidth, center, BYTES, context, batch));
    print(ladder, spec.commandLine().getOut());
    if (out != null) {
      LadderFile.of(ladder, common()).write(out);
      spec.commandLine().getOut().printf("written to %s: gatun ladder run %s%n", out, out);
    }
    return 0;
  }

  /// The settings that all runs share.
  private Settings common() {
    var common =
        Settings.NONE
            .with("tokenizer", "bytes")
            .with("seed", seed)
            .with("evaluate-batches", evaluateBatches);
    return data == null
        ? common
        : common.with("data", data.toAbsolutePath().normalize().toString());
  }

  private static void print(Ladder ladder, PrintWriter out) {
    out.println(
        format(
            "%-16s %10s %22s %10s %8s %12s %6s %8s",
            "run",
            "FLOPs",
            "layers x heads x width",
            "parameters",
            "steps",
            "tokens",
            "D/N",
            "rate"));
    for (var rung : ladder.rungs()) {
      var config = rung.config();
      out.println(
          format(
              "%-16s %10.3g %22s %,10d %,8d %,12d %6.1f %8.5f",
              rung.name(),
              rung.flops(),
              format("%d x %d x %d", config.layers(), config.heads(), config.width()),
              rung.parameters(),
              rung.steps(),
              rung.tokens(),
              (double) rung.tokens() / rung.parameters(),
              rung.rate()));
    }
    out.println(format("%d runs, %.4g FLOPs", ladder.rungs().size(), ladder.flops()));
  }
}
