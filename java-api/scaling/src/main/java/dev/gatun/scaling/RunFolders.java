package dev.gatun.scaling;

import dev.gatun.InvalidArgument;
import dev.gatun.store.Checkpoints;
import dev.gatun.store.GptConfigFile;
import dev.gatun.store.TrainerState;
import dev.gatun.train.Journal;
import dev.gatun.train.JournalEntry;
import dev.gatun.train.Run;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/// Runs as `train` leaves them: a folder whose folders each hold a journal and checkpoints.
///
/// N is the model's parameter count, D the targets of all its steps, C = 6 N D. The loss is the
/// validation loss after the last step, else the smoothed training loss there; the curve is the
/// training loss. A run that has not reached its last step is left out: its learning rate has not
/// come down, so its loss says nothing about its size.
final class RunFolders {
  private static final String STEPS = "steps";

  private RunFolders() {}

  /// @throws InvalidArgument where the folder holds no run folder, or too few finished ones
  static Runs read(Path folder) {
    var runs = new ArrayList<TrainingRun>();
    var warnings = EnumSet.noneOf(Warning.class);
    var folders = folders(folder);
    if (folders.isEmpty()) {
      throw new InvalidArgument(
          "%s holds no run folders: none of its folders has a %s".formatted(folder, Run.JOURNAL));
    }
    for (var run : folders) {
      run(run).ifPresentOrElse(runs::add, () -> warnings.add(Warning.UNFINISHED_RUNS));
    }
    return Runs.of(runs, warnings);
  }

  private static List<Path> folders(Path folder) {
    try (var names = Files.list(folder)) {
      return names.filter(path -> Files.isRegularFile(path.resolve(Run.JOURNAL))).sorted().toList();
    } catch (IOException e) {
      throw new InvalidArgument("%s cannot be read: %s".formatted(folder, e.getMessage()));
    }
  }

  private static Optional<TrainingRun> run(Path folder) {
    var checkpoint = new Checkpoints(folder).latest();
    if (checkpoint.isEmpty()) return Optional.empty();
    var journal = Journal.read(folder.resolve(Run.JOURNAL));
    var steps = journal.stream().filter(entry -> entry.number("loss").isPresent()).toList();
    if (steps.isEmpty() || !isFinished(checkpoint.get(), steps.getLast().step() + 1)) {
      return Optional.empty();
    }
    double parameters = GptConfigFile.read(checkpoint.get()).config().parameterCount();
    var curve = new ArrayList<TrainingRun.Point>();
    double tokens = 0;
    for (var step : steps) {
      tokens += step.number("tokens").orElse(0);
      curve.add(
          new TrainingRun.Point(
              ParametricLaw.FLOPS * parameters * tokens, step.number("loss").getAsDouble()));
    }
    double loss = validation(journal).orElseGet(() -> Smoothing.last(curve));
    return Optional.of(TrainingRun.of(parameters, tokens, loss).withCurve(curve));
  }

  private static boolean isFinished(Path checkpoint, long done) {
    var planned = TrainerState.read(checkpoint).config().get(STEPS);
    return !(planned instanceof Long steps) || done >= steps;
  }

  private static OptionalDouble validation(List<JournalEntry> journal) {
    return journal.getLast().number("validationLoss");
  }
}
