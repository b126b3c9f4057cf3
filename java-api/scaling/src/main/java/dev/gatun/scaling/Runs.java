package dev.gatun.scaling;

import dev.gatun.InvalidArgument;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Set;
import java.util.function.ToDoubleFunction;

/// The runs of one fit.
///
/// @param all five or more, no two the same
/// @param warnings about the runs as they are
public record Runs(List<TrainingRun> all, Set<Warning> warnings) {
  /// The parametric law has five unknowns.
  static final int FEWEST = LogHuber.SIZE;

  static final int COMFORTABLE = 10;
  private static final double DECADE = 10;
  private static final double ONE_BUDGET = 1.1;

  public Runs {
    all = List.copyOf(all);
    warnings = Collections.unmodifiableSet(EnumSet.copyOf(warnings));
  }

  /// @throws InvalidArgument for fewer than five runs, or two with the same N, D and loss
  public static Runs of(List<TrainingRun> all) {
    return of(all, EnumSet.noneOf(Warning.class));
  }

  static Runs of(List<TrainingRun> all, EnumSet<Warning> already) {
    if (all.size() < FEWEST) {
      throw new InvalidArgument(
          "there are %d runs; a fit needs at least %d".formatted(all.size(), FEWEST));
    }
    refuseDuplicates(all);
    var runs = new Runs(all, already);
    var warnings = EnumSet.copyOf(already);
    if (all.size() < COMFORTABLE) warnings.add(Warning.FEW_POINTS);
    if (runs.span(TrainingRun::tokensPerParameter) < DECADE) warnings.add(Warning.NARROW_COVERAGE);
    if (runs.span(TrainingRun::flops) < ONE_BUDGET) warnings.add(Warning.ONE_BUDGET);
    if (all.stream().anyMatch(Runs::disagrees)) warnings.add(Warning.FLOPS_DISAGREE);
    return new Runs(all, warnings);
  }

  /// Reads a CSV file of runs ([RunsFile]) or a folder of run folders ([RunFolders]).
  ///
  /// @throws InvalidArgument where the file is missing or a row or folder is no run, and for too
  ///     few or repeated runs
  public static Runs read(Path fileOrFolder) {
    if (!Files.exists(fileOrFolder)) {
      throw new InvalidArgument("there is no file or folder %s".formatted(fileOrFolder));
    }
    return Files.isDirectory(fileOrFolder)
        ? RunFolders.read(fileOrFolder)
        : of(RunsFile.read(fileOrFolder));
  }

  private static void refuseDuplicates(List<TrainingRun> all) {
    var seen = new HashMap<List<Double>, Integer>();
    for (int i = 0; i < all.size(); i++) {
      var run = all.get(i);
      var first = seen.putIfAbsent(List.of(run.parameters(), run.tokens(), run.loss()), i);
      if (first != null) {
        throw new InvalidArgument(
            "run %d repeats run %d: N %g, D %g, loss %g"
                .formatted(i + 1, first + 1, run.parameters(), run.tokens(), run.loss()));
      }
    }
  }

  private static boolean disagrees(TrainingRun run) {
    double ratio = run.flops() / (ParametricLaw.FLOPS * run.parameters() * run.tokens());
    return ratio > 2 || ratio < 0.5;
  }

  /// The least of something over all runs.
  double least(ToDoubleFunction<TrainingRun> of) {
    return all.stream().mapToDouble(of).min().orElseThrow();
  }

  /// The greatest of something over all runs.
  double greatest(ToDoubleFunction<TrainingRun> of) {
    return all.stream().mapToDouble(of).max().orElseThrow();
  }

  private double span(ToDoubleFunction<TrainingRun> of) {
    return greatest(of) / least(of);
  }

  /// C of the cheapest run.
  public double leastFlops() {
    return least(TrainingRun::flops);
  }

  /// C of the dearest run.
  public double greatestFlops() {
    return greatest(TrainingRun::flops);
  }
}
