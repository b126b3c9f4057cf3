package dev.gatun.train;

import dev.gatun.InvalidArgument;
import dev.gatun.store.Checkpoints;
import dev.gatun.store.GptCheckpoint;
import dev.gatun.store.OptimizerCheckpoint;
import dev.gatun.store.StoreFailure;
import dev.gatun.store.TrainerState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// A training run and its folder: a journal and the checkpoints of [Checkpoints].
///
/// The journal begins with what the run works on: backend, device, what multiplies matrices, and
/// the memory that a step's activations and gradients take, as planned and with a place for each
/// array.
/// A run that is resumed on another machine says so in a line of its own.
///
/// The weights are evaluated before the first step, every so many steps, and before every
/// checkpoint. Only weights whose validation loss is finite are kept, so whatever ends a run, its
/// last checkpoint is good. The first one is written before the first step: a disk without room
/// shows at once.
///
/// A resumed run goes on with the bits of one that was never interrupted, and so does its journal,
/// but for the seconds.
public final class Run {
  /// The journal's name in a run folder.
  public static final String JOURNAL = "journal.jsonl";

  private static final String BACKEND = "backend";

  private final Path folder;
  private final boolean resumed;
  private final Trainer trainer;
  private final RecordedEvaluation validation;
  private final Plan plan;

  /// What a run is to do.
  ///
  /// @param steps optimizer steps in all
  /// @param evaluateEvery steps from one evaluation to the next
  /// @param checkpointEvery steps from one checkpoint to the next; the last step gets one too
  /// @param seed of the run's random numbers, for the checkpoints
  /// @param settings whatever the caller needs to build the same run again, for the checkpoints
  public record Plan(
      long steps,
      long evaluateEvery,
      long checkpointEvery,
      long seed,
      Map<String, Object> settings) {
    public Plan {
      positive("steps", steps);
      positive("steps between evaluations", evaluateEvery);
      positive("steps between checkpoints", checkpointEvery);
    }

    private static void positive(String name, long value) {
      if (value < 1) {
        throw new InvalidArgument("%s: %d; there must be at least one".formatted(name, value));
      }
    }
  }

  /// Hears of a run as it goes.
  public interface Listener {
    /// A step is done.
    default void stepped(StepReport report) {}

    /// The weights after `steps` steps were evaluated on the validation batches.
    default void evaluated(long steps, Evaluation evaluation) {}

    /// A checkpoint stands.
    default void saved(Path checkpoint) {}
  }

  private Run(Path folder, boolean resumed, Trainer trainer, List<Batch> validation, Plan plan) {
    if (validation.isEmpty()) {
      throw new InvalidArgument("there are no validation batches; there must be at least one");
    }
    this.folder = folder;
    this.resumed = resumed;
    this.trainer = trainer;
    this.validation = new RecordedEvaluation(trainer.gpt(), List.copyOf(validation));
    this.plan = plan;
  }

  /// A new run. The folder is created when the first evaluation has succeeded; throws [BadData]
  /// where it exists and is not empty.
  public static Run begin(Path folder, Trainer trainer, List<Batch> validation, Plan plan) {
    requireFree(folder);
    return new Run(folder, false, trainer, validation, plan);
  }

  /// Goes on with a run from a checkpoint of its folder, which the trainer's weights and optimizer
  /// have been read from. What its journal says of later steps is removed.
  public static Run resume(Path folder, Trainer trainer, List<Batch> validation, Plan plan) {
    return new Run(folder, true, trainer, validation, plan);
  }

  /// Throws [BadData] unless `folder` can become a new run: it is missing or empty.
  public static void requireFree(Path folder) {
    if (!Files.exists(folder)) return;
    if (!Files.isDirectory(folder)) {
      throw new BadData("%s is a file; a run needs a folder".formatted(folder));
    }
    try (var names = Files.list(folder)) {
      if (names.findAny().isEmpty()) return;
    } catch (IOException e) {
      throw BadData.unreadable(folder, e);
    }
    throw new BadData(
        "%s %s, and nothing is written over: name another folder"
            .formatted(
                folder, Files.exists(folder.resolve(JOURNAL)) ? "holds a run" : "is not empty"));
  }

  /// Trains to the last step and returns the last evaluation.
  ///
  /// Throws [NotFinite] when a loss or gradient is not finite, and
  /// [dev.gatun.store.StoreFailure] when the disk refuses.
  public Evaluation toEnd(Listener listener) {
    try (validation) {
      return train(listener);
    }
  }

  private Evaluation train(Listener listener) {
    var evaluation = evaluate();
    var machine = machine();
    // As text, since JSON has one kind of number.
    boolean isNew = !machine.toString().equals(knownMachine().toString());
    try (var journal = journal()) {
      if (isNew) journal.append(new JournalEntry(trainer.steps(), machine));
      note(journal, evaluation, listener);
      if (!resumed) save(listener);
      while (trainer.steps() < plan.steps()) {
        step(journal, listener);
        boolean saves = isDue(plan.checkpointEvery());
        if (!saves && !isDue(plan.evaluateEvery())) continue;
        evaluation = evaluate();
        note(journal, evaluation, listener);
        if (saves) save(listener);
      }
    }
    return evaluation;
  }

  private Map<String, Object> machine() {
    var device = trainer.gpt().device();
    var machine = new LinkedHashMap<String, Object>();
    machine.put(BACKEND, device.backend());
    machine.put("device", device.described("device"));
    machine.put("matrixProducts", device.described("matrix products"));
    machine.put("plannedBytes", trainer.recording().heldBytes());
    machine.put("naiveBytes", trainer.recording().naiveBytes());
    return machine;
  }

  /// What the journal says that the steps up to here ran on; nothing where it says nothing.
  private Map<String, Object> knownMachine() {
    var file = folder.resolve(JOURNAL);
    if (!resumed || !Files.exists(file)) return Map.of();
    return Journal.read(file).stream()
        .filter(line -> line.step() < trainer.steps() && line.fields().containsKey(BACKEND))
        .map(JournalEntry::fields)
        .reduce(Map.of(), (_, later) -> later);
  }

  private boolean isDue(long every) {
    return trainer.steps() % every == 0 || trainer.steps() == plan.steps();
  }

  private Journal journal() {
    if (resumed) return Journal.resume(folder.resolve(JOURNAL), trainer.steps());
    requireFree(folder);
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw new StoreFailure("%s cannot be made: %s".formatted(folder, BadData.reason(e)), e);
    }
    return Journal.create(folder.resolve(JOURNAL));
  }

  private void step(Journal journal, Listener listener) {
    var report = trainer.step();
    journal.append(report.line());
    listener.stepped(report);
  }

  private Evaluation evaluate() {
    var evaluation = validation.run();
    if (!Double.isFinite(evaluation.loss())) {
      throw new NotFinite(trainer.steps(), "the validation loss", evaluation.loss());
    }
    return evaluation;
  }

  private void note(Journal journal, Evaluation evaluation, Listener listener) {
    journal.append(
        JournalEntry.of(trainer.steps())
            .with("validationLoss", evaluation.loss())
            .with("validationTokens", evaluation.tokens()));
    listener.evaluated(trainer.steps(), evaluation);
  }

  private void save(Listener listener) {
    long steps = trainer.steps();
    long position = steps * trainer.tokensPerStep();
    var state = new TrainerState(steps, plan.seed(), position, plan.settings());
    var checkpoint =
        new Checkpoints(folder)
            .write(
                steps,
                to -> {
                  GptCheckpoint.write(to, trainer.gpt());
                  OptimizerCheckpoint.write(to, trainer.gpt(), trainer.optimizer());
                  state.write(to);
                });
    listener.saved(checkpoint);
  }
}
