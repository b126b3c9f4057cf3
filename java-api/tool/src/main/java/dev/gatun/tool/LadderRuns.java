package dev.gatun.tool;

import static dev.gatun.tool.Amounts.format;

import dev.gatun.store.Checkpoints;
import dev.gatun.store.StoreFailure;
import dev.gatun.store.TrainerState;
import dev.gatun.train.Evaluation;
import dev.gatun.train.Journal;
import dev.gatun.train.Run;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/// Trains the runs of a ladder one after the other, by the path that `train` takes.
///
/// @param machine where: the settings `device` and `threads`, of runs that are begun
record LadderRuns(Path folder, List<LadderFile.Entry> runs, Settings machine) {
  void train(PrintWriter out, PrintWriter err) {
    double all = runs.stream().mapToDouble(LadderFile.Entry::flops).sum();
    double done = 0;
    for (int i = 0; i < runs.size(); i++) {
      var run = runs.get(i);
      out.println(
          format(
              "run %d of %d, %.0f %% of the FLOPs done: %s, %,d parameters, %,d tokens",
              i + 1, runs.size(), 100 * done / all, run.name(), run.parameters(), run.tokens()));
      out.flush();
      out.println(train(run, err).map(LadderRuns::result).orElse("  finished before"));
      out.flush();
      done += run.flops();
    }
    out.println(format("%d runs stand in %s", runs.size(), folder));
  }

  private static String result(Evaluation end) {
    return format("  validation loss %.4f", end.loss());
  }

  /// The last evaluation; empty where the run had been finished before.
  private Optional<Evaluation> train(LadderFile.Entry run, PrintWriter err) {
    var start = start(run);
    if (start.resumed() && isFinished(start)) return Optional.empty();
    try (var training = Training.open(start, new PrintWriter(Writer.nullWriter()), err)) {
      return Optional.of(training.runQuietly());
    }
  }

  private Start start(LadderFile.Entry run) {
    var home = folder.resolve(run.name());
    if (new Checkpoints(home).latest().isPresent()) {
      return Start.resume(home, null, run.settings());
    }
    removeBeginnings(home);
    return Start.fresh(Preset.TINY, run.settings().with(machine), home);
  }

  private static boolean isFinished(Start start) {
    return TrainerState.read(start.checkpoint().orElseThrow()).step()
        >= start.settings().whole("steps");
  }

  /// What a run leaves that is killed before its first checkpoint: a journal without a step,
  /// perhaps half a checkpoint. Anything else stays, and the run refuses to begin there.
  private static void removeBeginnings(Path home) {
    if (!Files.isDirectory(home)) return;
    try {
      List<Path> all;
      try (var paths = Files.walk(home)) {
        all = paths.sorted(Comparator.reverseOrder()).toList();
      }
      if (!all.stream().allMatch(path -> isBeginning(home, path))) return;
      for (var path : all) Files.delete(path);
    } catch (IOException e) {
      throw new StoreFailure("%s cannot be cleared: %s".formatted(home, e.getMessage()), e);
    }
  }

  private static boolean isBeginning(Path home, Path path) {
    if (path.equals(home) || home.relativize(path).startsWith(".step-0.partial")) return true;
    return path.equals(home.resolve(Run.JOURNAL))
        && Journal.read(path).stream().noneMatch(entry -> entry.number("loss").isPresent());
  }
}
