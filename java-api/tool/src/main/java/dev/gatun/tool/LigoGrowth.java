package dev.gatun.tool;

import static dev.gatun.tool.Amounts.format;

import dev.gatun.InvalidArgument;
import dev.gatun.growth.LigoOperator;
import dev.gatun.growth.LigoShape;
import dev.gatun.memory.Device;
import dev.gatun.memory.Scope;
import dev.gatun.nn.Gpt;
import dev.gatun.nn.GptConfig;
import dev.gatun.optim.AdamW;
import dev.gatun.optim.Schedule;
import dev.gatun.store.GptCheckpoint;
import dev.gatun.train.Batch;
import dev.gatun.train.Batches;
import dev.gatun.train.Evaluation;
import dev.gatun.train.Journal;
import dev.gatun.train.JournalEntry;
import dev.gatun.train.LigoTrainer;
import dev.gatun.train.NotFinite;
import dev.gatun.train.Windows;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.Collectors;

/// One run of `grow --method ligo`: trains the maps on text, then writes the larger model and a
/// journal beside it.
///
/// @param from what was named as the smaller model
/// @param checkpoint the folder of its weights
/// @param noise of the maps' first numbers
/// @param seed of the maps' first numbers and of the windows
record LigoGrowth(LigoOptions options, Path from, Path checkpoint, double noise, long seed) {
  /// The journal's name in the folder of the larger model.
  static final String JOURNAL = "ligo.jsonl";

  private static final int EVALUATION_BATCHES = 16;

  /// Decay would pull maps towards zero, and with them every weight they make.
  private static final AdamW.Config OPTIMIZER = AdamW.Config.DEFAULTS.withWeightDecay(0);

  /// Nothing is written before all is done.
  void run(Gpt source, GptConfig target, Path out, PrintWriter print) {
    var shape = new LigoShape(source.config(), target, options.form(), options.heads());
    var schedule = Schedule.warmupCosine(options.warmup(), options.steps(), options.rate(), 0);
    int time = options.context(target.context());
    var settings = dataSettings(source.config());
    try (var data = TrainingData.open(settings);
        var scope = source.device().scope()) {
      data.vocabulary(settings);
      var batches = new Batches(data.corpus().training(), options.batch(), time, seed);
      var validation = validation(data, time);
      print(print, source.config(), shape, data, time);
      var small = RunCost.of(from, checkpoint, source.config());
      try (var trainer = trainer(source, shape, schedule, batches, scope)) {
        train(trainer, validation, recipe(data, target, time), small, out, print);
      }
    }
  }

  /// The data and how they become the model's tokens, by the rules of `train --init`.
  private Settings dataSettings(GptConfig config) {
    var settings = options.data().with("vocab", (long) config.vocabulary());
    if (settings.has("tokenizer")) return settings;
    return Tokenizers.nameFor(checkpoint, config.vocabulary())
        .map(name -> settings.with("tokenizer", name))
        .orElse(settings);
  }

  private LigoTrainer trainer(
      Gpt source, LigoShape shape, Schedule schedule, Batches batches, Scope scope) {
    var operator = LigoOperator.create(source, shape, options.start(noise, seed), scope);
    var larger = Gpt.blank(shape.target(), scope, source.parameters().dtype());
    var optimizer = new AdamW(operator.maps(), OPTIMIZER);
    return new LigoTrainer(operator, larger, optimizer, schedule, batches, options.accumulate());
  }

  private List<Batch> validation(TrainingData data, int time) {
    var windows = new Windows(data.corpus().validation(), time);
    int rows = (int) Math.min(options.batch(), windows.count());
    return windows.spread(rows, Math.clamp(windows.count() / rows, 1, EVALUATION_BATCHES));
  }

  private void train(
      LigoTrainer trainer,
      List<Batch> validation,
      JournalEntry recipe,
      OptionalDouble small,
      Path out,
      PrintWriter print) {
    var lines = new ArrayList<JournalEntry>();
    var larger = trainer.grown();
    var before = Evaluation.of(larger, validation);
    lines.add(beginning(recipe, larger.device(), before, small));
    try (var progress = Progress.open(0, options.steps())) {
      while (trainer.steps() < options.steps()) {
        var report = trainer.step();
        lines.add(
            report
                .line()
                .with("operatorFlops", trainer.operatorFlopsPerStep())
                .with("modelFlops", trainer.modelFlopsPerStep()));
        progress.done(report.step() + 1, report.tokens(), report.loss());
      }
    } catch (NotFinite at) {
      throw diverged(at.step());
    }
    var after = Evaluation.of(trainer.grown(), validation);
    if (!Double.isFinite(after.loss())) throw diverged(options.steps());
    lines.add(end(trainer, after));
    GptCheckpoint.writeNew(out, larger, folder -> write(folder, lines));
    printEnd(print, trainer, before, after, small, out);
  }

  private InvalidArgument diverged(long steps) {
    return new InvalidArgument(
        "after %d steps of the maps the loss is no number: --rate %s is too high"
            .formatted(steps, options.rate()));
  }

  private static void write(Path folder, List<JournalEntry> lines) {
    try (var journal = Journal.create(folder.resolve(JOURNAL))) {
      lines.forEach(journal::append);
    }
  }

  private JournalEntry recipe(TrainingData data, GptConfig target, int time) {
    return JournalEntry.of(0)
        .with("target", Described.model(target))
        .with("data", data.corpus().description())
        .with("batch", options.batch())
        .with("accumulate", options.accumulate())
        .with("context", time);
  }

  private JournalEntry beginning(
      JournalEntry recipe, Device device, Evaluation before, OptionalDouble small) {
    return recipe
        .with("backend", device.backend())
        .with("device", device.described("device"))
        .with("from", from)
        .with("form", LigoOptions.word(options.form()))
        .with("heads", LigoOptions.word(options.heads()))
        .with("start", options.startInWords(noise))
        .with("seed", seed)
        .with("steps", options.steps())
        .with("rate", options.rate())
        .with("warmup", options.warmup())
        .with("schedule", "cosine")
        .with("smallModelFlops", small.isPresent() ? small.getAsDouble() : null)
        .with("validationLoss", before.loss())
        .with("validationTokens", before.tokens());
  }

  private static JournalEntry end(LigoTrainer trainer, Evaluation after) {
    var line =
        JournalEntry.of(trainer.steps())
            .with("validationLoss", after.loss())
            .with("validationTokens", after.tokens())
            .with("operatorFlops", trainer.steps() * trainer.operatorFlopsPerStep())
            .with("modelFlops", trainer.steps() * trainer.modelFlopsPerStep());
    for (var moved : trainer.movements().entrySet()) {
      line = line.with("moved." + moved.getKey(), moved.getValue());
    }
    return line;
  }

  // ---- in words

  private void print(
      PrintWriter out, GptConfig source, LigoShape shape, TrainingData data, int time) {
    out.println("from      " + Described.model(source));
    out.println("to        " + Described.model(shape.target()));
    out.println(
        format(
            "maps      %,d numbers: %s form, %s heads, begun as %s",
            shape.parameterCount(),
            LigoOptions.word(options.form()),
            LigoOptions.word(options.heads()),
            options.startInWords(noise)));
    out.println("data      " + data.corpus().description());
    out.println(
        format(
            "recipe    adamw, rate %s after %,d steps of warm-up, cosine to 0, %,d steps of %d x %d"
                + " windows of %d tokens, seed %d",
            options.rate(),
            options.warmup(),
            options.steps(),
            options.accumulate(),
            options.batch(),
            time,
            seed));
    out.flush();
  }

  private static void printEnd(
      PrintWriter out,
      LigoTrainer trainer,
      Evaluation before,
      Evaluation after,
      OptionalDouble small,
      Path folder) {
    out.println(
        format(
            "loss      %.4f before, %.4f after, on %,d held-out tokens",
            before.loss(), after.loss(), after.tokens()));
    out.println(
        trainer.movements().entrySet().stream()
            .map(moved -> format("%s %.3g %%", moved.getKey(), 100 * moved.getValue()))
            .collect(Collectors.joining(", ", "moved     ", "")));
    out.println(
        format(
            "work      smaller model %s, operator %.3g FLOP, larger model %.3g FLOP",
            small.isPresent() ? format("%.3g FLOP", small.getAsDouble()) : "unknown",
            trainer.steps() * trainer.operatorFlopsPerStep(),
            trainer.steps() * trainer.modelFlopsPerStep()));
    out.println("folder    " + folder);
  }
}
