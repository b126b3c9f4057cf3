package dev.gatun.tool;

import dev.gatun.memory.Device;
import dev.gatun.memory.Scope;
import dev.gatun.nn.Gpt;
import dev.gatun.store.GptCheckpoint;
import dev.gatun.store.OptimizerCheckpoint;
import dev.gatun.store.TrainerState;
import dev.gatun.train.Batch;
import dev.gatun.train.Batches;
import dev.gatun.train.Evaluation;
import dev.gatun.train.Run;
import dev.gatun.train.StepReport;
import dev.gatun.train.Trainer;
import dev.gatun.train.Windows;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;

/// One run of the `train` command: the model, its data and its machine, from the first line printed
/// to the last.
final class Training implements AutoCloseable {
  private final Start start;
  private final Settings settings;
  private final Device device;
  private final TrainingData data;
  private final Gpt gpt;
  private final PrintWriter out;

  private Training(
      Start start, Settings settings, Device device, TrainingData data, Gpt gpt, PrintWriter out) {
    this.start = start;
    this.settings = settings;
    this.device = device;
    this.data = data;
    this.gpt = gpt;
    this.out = out;
  }

  /// Opens everything and writes nothing.
  static Training open(Start start, PrintWriter out, PrintWriter err) {
    var asked = start.settings();
    asked.optimizer().trainers(asked);
    var device = Machine.open(asked.text("device"), asked.whole("threads"), err);
    try {
      var data = TrainingData.open(asked);
      try {
        if (start.resumed()) data.requireSame(asked);
        int vocabulary = data.vocabulary(asked);
        var settings =
            asked
                .with("vocab", (long) vocabulary)
                .with("feed-forward", (long) asked.shape(vocabulary).feedForward())
                .with("device", device.backend())
                .with("threads", (long) Machine.threads(asked.whole("threads")))
                .with(data.facts());
        return new Training(
            start, settings, device, data, model(start, settings, device.scope()), out);
      } catch (RuntimeException | Error e) {
        data.close();
        throw e;
      }
    } catch (RuntimeException | Error e) {
      device.close();
      throw e;
    }
  }

  private static Gpt model(Start start, Settings settings, Scope scope) {
    return start
        .checkpoint()
        .map(checkpoint -> read(checkpoint, settings, scope))
        .orElseGet(
            () ->
                Gpt.create(
                    settings.shape(settings.size("vocab")),
                    scope,
                    settings.dtype(),
                    settings.rounding(),
                    settings.whole("seed")))
        .withRecompute(settings.recompute());
  }

  private static Gpt read(Path checkpoint, Settings settings, Scope scope) {
    return GptCheckpoint.read(checkpoint, scope, settings.dtype(), settings.rounding());
  }

  /// Trains to the end, and says before and after what there is to say.
  void run() {
    var validation = validation();
    var end =
        train(validation, trainer -> new Announcement(start, settings, trainer, data).print(out));
    new Conclusion(start.folder(), settings, gpt, data, validation).print(end, out);
  }

  /// Trains to the end; only the progress is shown. Returns the last evaluation.
  Evaluation runQuietly() {
    return train(validation(), _ -> {});
  }

  private Evaluation train(List<Batch> validation, Consumer<Trainer> beforehand) {
    var trainer = trainer();
    var plan =
        new Run.Plan(
            settings.whole("steps"),
            settings.whole("evaluate-every"),
            settings.whole("checkpoint-every"),
            settings.whole("seed"),
            settings.values());
    var run =
        start.resumed()
            ? Run.resume(start.folder(), trainer, validation, plan)
            : Run.begin(start.folder(), trainer, validation, plan);
    beforehand.accept(trainer);
    try (var progress = Progress.open(trainer.steps(), plan.steps())) {
      return run.toEnd(new Shown(progress));
    }
  }

  private Trainer trainer() {
    var batches =
        new Batches(
            data.corpus().training(),
            settings.size("batch"),
            settings.size("context"),
            settings.whole("seed"));
    var trainer = settings.optimizer().trainers(settings).of(gpt, batches);
    if (start.resumed()) {
      var checkpoint = start.checkpoint().orElseThrow();
      OptimizerCheckpoint.read(
          checkpoint, gpt, trainer.optimizer(), TrainerState.read(checkpoint).step());
    }
    return trainer;
  }

  private List<Batch> validation() {
    return new Windows(data.corpus().validation(), settings.size("context"))
        .spread(settings.size("batch"), settings.size("evaluate-batches"));
  }

  @Override
  public void close() {
    device.close();
    data.close();
  }

  /// Tells the progress what the run tells.
  private record Shown(Progress progress) implements Run.Listener {
    @Override
    public void stepped(StepReport report) {
      progress.done(report.step() + 1, report.tokens(), report.loss());
    }

    @Override
    public void evaluated(long steps, Evaluation evaluation) {
      progress.say(
          String.format(
              Locale.ROOT, "after %,d steps: validation loss %.4f", steps, evaluation.loss()));
    }
  }
}
