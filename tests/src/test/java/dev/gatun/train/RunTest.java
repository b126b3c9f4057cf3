package dev.gatun.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.grad.Tape;
import dev.gatun.memory.Device;
import dev.gatun.memory.Scope;
import dev.gatun.nn.Gpt;
import dev.gatun.nn.GptConfig;
import dev.gatun.optim.AdamW;
import dev.gatun.optim.Schedule;
import dev.gatun.store.Checkpoints;
import dev.gatun.store.GptCheckpoint;
import dev.gatun.store.TrainerState;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A run as embedders see it: its folder, what it tells, and how it ends.
class RunTest {
  private static final int VOCABULARY = 30;
  private static final int TIME = 8;
  private static final GptConfig CONFIG = GptConfig.of(2, 2, 16, TIME, VOCABULARY);

  @TempDir Path folder;
  @AutoClose private final Device device = Device.cpu(2);
  private final Scope scope = device.scope();

  @Test
  void theJournalHasALineForEveryStepAndEveryEvaluation() {
    run(trainer(0.01, 4, 1), 10).toEnd(new Run.Listener() {});
    var journal = journal();
    var steps = journal.stream().filter(line -> line.number("loss").isPresent()).toList();
    assertEquals(10, steps.size());
    for (int step = 0; step < 10; step++) {
      var line = steps.get(step);
      assertEquals(step, line.step());
      assertEquals(
          List.of("loss", "rate", "gradientNorm", "gradientClipped", "tokens", "seconds"),
          List.copyOf(line.fields().keySet()));
      assertEquals(0.01, line.number("rate").getAsDouble());
      assertEquals(4 * TIME, line.number("tokens").getAsDouble());
    }
    assertEquals(List.of(0L, 3L, 4L, 6L, 8L, 9L, 10L), evaluated(journal));
  }

  @Test
  void theJournalNamesTheMachineAndEveryOtherThatGoesOn() throws IOException {
    run(trainer(0.01, 4, 1), 5).toEnd(new Run.Listener() {});
    assertEquals(List.of(0L), named());
    var machine = journal().getFirst().fields();
    assertEquals("cpu", machine.get("backend"));
    assertTrue(device.describe().contains("\ndevice: " + machine.get("device") + "\n"));
    assertTrue(
        device.describe().contains("\nmatrix products: " + machine.get("matrixProducts") + "\n"));
    resumeAtTheFourthStep();
    assertEquals(List.of(0L), named());
    var file = folder.resolve("run/journal.jsonl");
    Files.writeString(file, Files.readString(file).replace("oneDNN", "another library"));
    resumeAtTheFourthStep();
    assertEquals(List.of(0L, 4L), named());
  }

  private void resumeAtTheFourthStep() {
    var trainer = trainer(0.01, 4, 1);
    for (int step = 0; step < 4; step++) trainer.step();
    Run.resume(folder.resolve("run"), trainer, validation(), plan(5)).toEnd(new Run.Listener() {});
  }

  private List<JournalEntry> journal() {
    return Journal.read(folder.resolve("run/journal.jsonl"));
  }

  /// The steps at which the journal names a machine.
  private List<Long> named() {
    return journal().stream()
        .filter(line -> line.fields().containsKey("backend"))
        .map(JournalEntry::step)
        .toList();
  }

  @Test
  void theListenerHearsEverything() {
    var heard = new ArrayList<String>();
    run(trainer(0.01, 4, 1), 5)
        .toEnd(
            new Run.Listener() {
              @Override
              public void stepped(StepReport report) {
                heard.add("step " + report.step());
              }

              @Override
              public void evaluated(long steps, Evaluation evaluation) {
                heard.add("evaluated " + steps);
              }

              @Override
              public void saved(Path checkpoint) {
                heard.add("saved " + checkpoint.getFileName());
              }
            });
    assertEquals(
        List.of(
            "evaluated 0, saved step-0, step 0, step 1, step 2, evaluated 3, step 3, evaluated 4,"
                + " saved step-4, step 4, evaluated 5, saved step-5"),
        List.of(String.join(", ", heard)));
  }

  /// A step whose rate is absurd ruins the weights. The next step finds out; or, where a checkpoint
  /// is due first, the evaluation before it.
  @ParameterizedTest
  @ValueSource(longs = {6, 7})
  void aLossThatIsNotFiniteEndsTheRunAndTheLastCheckpointIsGood(long absurd) {
    var trainer = trainer(step -> step < absurd ? 0.01 : 1e38, 4, 1);
    var run = run(trainer, 50);
    var failure = assertThrows(NotFinite.class, () -> run.toEnd(new Run.Listener() {}));
    assertEquals(absurd + 1, failure.step());
    assertTrue(failure.getMessage().contains("of step " + failure.step()), failure.getMessage());
    var checkpoint = new Checkpoints(folder.resolve("run")).latest().orElseThrow();
    assertEquals(4, TrainerState.read(checkpoint).step());
    var kept = GptCheckpoint.read(checkpoint, scope, DType.F32);
    double loss = Evaluation.of(kept, validation()).loss();
    assertTrue(loss < Math.log(VOCABULARY) + 0.1, "the kept model's loss is " + loss);
  }

  @Test
  void aModelThatCannotBeEvaluatedLeavesNoFolder() {
    var trainer = trainer(0.01, 4, 1);
    var weights = trainer.gpt().parameters();
    device
        .kernels()
        .fill(
            device.stream().handle(),
            weights.parts().getFirst().weights(),
            weights.count(),
            Double.NaN,
            DType.F32.code());
    var failure =
        assertThrows(NotFinite.class, () -> run(trainer, 50).toEnd(new Run.Listener() {}));
    assertEquals(0, failure.step());
    assertFalse(Files.exists(folder.resolve("run")));
  }

  @Test
  void severalBatchesOfAStepAreWorthOneLargeBatch() {
    // With an eps of one AdamW does not blow roundings of small gradients up to whole steps.
    var config = new AdamW.Config(0.9, 0.95, 1, 0.1, 1e9);
    var parts = trainer(gpt(), config, Schedule.constant(0.5), 4, 3);
    var gpt = gpt();
    var optimizer = new AdamW(gpt.parameters(), config);
    for (int step = 0; step < 3; step++) {
      double loss = largeStep(gpt, optimizer, step);
      var report = parts.step();
      // Means of 96 terms, added in another order each step.
      double tolerance = (step + 1) * 96 * 0x1p-24;
      assertEquals(96, report.tokens());
      assertEquals(loss, report.loss(), loss * tolerance);
      double norm = optimizer.gradientNorm().getAsDouble();
      assertEquals(norm, report.gradientNorm().getAsDouble(), norm * tolerance);
    }
  }

  /// A step on the three batches of a step in one.
  private static double largeStep(Gpt gpt, AdamW optimizer, int step) {
    var batches = new Batches(tokens(), 4, TIME, 7);
    var inputs = IntStream.range(0, 3).mapToObj(i -> batches.at(step, i).inputs());
    var targets = IntStream.range(0, 3).mapToObj(i -> batches.at(step, i).targets());
    try (var tape = Tape.open(gpt.device())) {
      var shape = Shape.of(12, TIME);
      var loss =
          gpt.loss(
              Tensor.of(tape, shape, inputs.flatMapToInt(IntStream::of).toArray()),
              Tensor.of(tape, shape, targets.flatMapToInt(IntStream::of).toArray()));
      tape.backward(loss);
      optimizer.step(0.5);
      return loss.item();
    }
  }

  @Test
  void aFolderInUseIsRefusedAndLeftAlone() throws IOException {
    var used = Files.createDirectories(folder.resolve("run"));
    Files.writeString(used.resolve("note"), "mine");
    assertThrows(BadData.class, () -> run(trainer(0.01, 4, 1), 5));
    Files.delete(used.resolve("note"));
    run(trainer(0.01, 4, 1), 5).toEnd(new Run.Listener() {});
    assertThrows(BadData.class, () -> run(trainer(0.01, 4, 1), 5));
  }

  @Test
  void twoRunsDoNotWriteOneFolder() {
    var running = run(trainer(0.01, 4, 1), 5);
    var refused = new ArrayList<String>();
    running.toEnd(
        new Run.Listener() {
          @Override
          public void stepped(StepReport report) {
            var other =
                Run.resume(folder.resolve("run"), trainer(0.01, 4, 1), validation(), plan(5));
            refused.add(
                assertThrows(BadData.class, () -> other.toEnd(new Run.Listener() {})).getMessage());
          }
        });
    assertEquals(5, refused.size());
    assertTrue(refused.getFirst().contains("being written by another run"), refused.getFirst());
  }

  private Run run(Trainer trainer, long steps) {
    return Run.begin(folder.resolve("run"), trainer, validation(), plan(steps));
  }

  private static Run.Plan plan(long steps) {
    return new Run.Plan(steps, 3, 4, 7, Map.of());
  }

  private Trainer trainer(double rate, int rows, int accumulate) {
    return trainer(Schedule.constant(rate), rows, accumulate);
  }

  private Trainer trainer(Schedule schedule, int rows, int accumulate) {
    return trainer(gpt(), AdamW.Config.DEFAULTS, schedule, rows, accumulate);
  }

  private static Trainer trainer(
      Gpt gpt, AdamW.Config config, Schedule schedule, int rows, int accumulate) {
    return new Trainer(
        gpt,
        new AdamW(gpt.parameters(), config),
        schedule,
        new Batches(tokens(), rows, TIME, 7),
        accumulate);
  }

  private Gpt gpt() {
    return Gpt.create(CONFIG, scope, DType.F32, 7);
  }

  private static Tokens tokens() {
    var ids = new int[500];
    for (int i = 0; i < ids.length; i++) ids[i] = i * i % VOCABULARY;
    return Tokens.of(ids);
  }

  private static List<Batch> validation() {
    return new Windows(tokens(), TIME).first(4, 2);
  }

  private static List<Long> evaluated(List<JournalEntry> journal) {
    return journal.stream()
        .filter(line -> line.number("validationLoss").isPresent())
        .map(JournalEntry::step)
        .toList();
  }
}
