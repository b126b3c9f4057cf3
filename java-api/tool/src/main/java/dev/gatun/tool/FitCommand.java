package dev.gatun.tool;

import dev.gatun.scaling.Approach;
import dev.gatun.scaling.Bootstrap;
import dev.gatun.scaling.FitDocument;
import dev.gatun.scaling.FrontierPoint;
import dev.gatun.scaling.Runs;
import dev.gatun.scaling.ScalingFit;
import dev.gatun.scaling.Starts;
import dev.gatun.scaling.Warning;
import dev.gatun.train.Run;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// Fits scaling laws to training runs.
@Command(
    name = "fit",
    description = {
      "Fits scaling laws to training runs by the three approaches of Hoffmann et al. 2022: 1 the"
          + " envelope of training curves, 2 IsoFLOP parabolas, 3 the loss"
          + " L(N, D) = E + A / N^alpha + B / D^beta.",
      "Each with bootstrap intervals (95 %%), residuals, and a named warning wherever the runs do"
          + " not carry it."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    sortOptions = false)
final class FitCommand implements Callable<Integer> {
  /// The frontier goes so far beyond the largest run unless asked otherwise.
  private static final double USUAL_REACH = 10;

  @Spec private CommandSpec spec;

  @Option(
      names = "--runs",
      required = true,
      paramLabel = "PATH",
      description = {
        "A CSV file with the columns N, D and loss, and C where it is not 6 N D; lines that share a"
            + " value in the column run are one run's training curve.",
        "Or a folder of run folders as train leaves them; unfinished ones are left out."
      })
  private Path runs;

  @Option(
      names = "--approach",
      paramLabel = "1|2|3|all",
      description = "Which; all (the default) leaves out what the runs do not allow.")
  private String approach = "all";

  @Option(
      names = "--starts",
      paramLabel = "seeded|grid",
      description = "Where approach 3 begins: seeded (the default), or the 4,500 published starts.")
  private String starts = "seeded";

  @Option(
      names = "--bootstrap",
      paramLabel = "K",
      description = "Samples behind the intervals; else 1000. 0 for none.")
  private int bootstrap = Bootstrap.DEFAULT.samples();

  @Option(names = "--seed", paramLabel = "S", description = "Of the bootstrap; else 0.")
  private long seed;

  @Option(
      names = "--flops",
      paramLabel = "C",
      description = "Where the frontier ends; else ten times the largest run.")
  private Double flops;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description =
          "A folder, missing or empty, for fit.json, frontier.csv and the pictures curves.png,"
              + " isoflop.png and contours.png.")
  private Path out;

  @Option(names = "--json", description = "Prints one line of JSON.")
  private boolean json;

  @Override
  public Integer call() {
    var approaches = approaches();
    var from = starts();
    var samples = new Bootstrap(bootstrap, seed);
    if (out != null) Run.requireFree(out);
    var fit = ScalingFit.of(Runs.read(runs), approaches, from, samples);
    double end = flops == null ? USUAL_REACH * fit.runs().greatestFlops() : flops;
    var frontier = FrontierPoint.upTo(end, fit);
    var warnings = FrontierPoint.warnings(end, fit);
    print(fit, frontier, warnings);
    if (out != null) new FitFolder(out).write(fit, frontier, warnings);
    return 0;
  }

  private Set<Approach> approaches() {
    if (approach.equals("all")) return EnumSet.allOf(Approach.class);
    for (var one : Approach.values()) {
      if (approach.equals("" + one.number())) return EnumSet.of(one);
    }
    throw new ParameterException(
        spec.commandLine(), "--approach '%s' is none of 1, 2, 3, all".formatted(approach));
  }

  private Starts starts() {
    for (var one : Starts.values()) {
      if (starts.equals(one.name().toLowerCase(Locale.ROOT))) return one;
    }
    throw new ParameterException(
        spec.commandLine(), "--starts '%s' is none of seeded, grid".formatted(starts));
  }

  private void print(ScalingFit fit, List<FrontierPoint> frontier, Set<Warning> warnings) {
    var printer = spec.commandLine().getOut();
    if (json) {
      printer.println(FitDocument.json(fit, frontier, warnings));
    } else {
      new FitTable(printer).print(fit, frontier, warnings);
    }
  }
}
