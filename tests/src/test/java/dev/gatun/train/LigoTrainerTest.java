package dev.gatun.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.InvalidArgument;
import dev.gatun.grad.Tape;
import dev.gatun.growth.Bert2Bert;
import dev.gatun.growth.LigoForm;
import dev.gatun.growth.LigoHeads;
import dev.gatun.growth.LigoOperator;
import dev.gatun.growth.LigoShape;
import dev.gatun.growth.LigoStart;
import dev.gatun.memory.Device;
import dev.gatun.memory.Scope;
import dev.gatun.nn.Gpt;
import dev.gatun.nn.GptConfig;
import dev.gatun.optim.AdamW;
import dev.gatun.optim.Lion;
import dev.gatun.optim.Optimizer;
import dev.gatun.optim.Schedule;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.OptionalDouble;
import java.util.SplittableRandom;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The training of LiGO's maps, on a small model of a text that has something to learn.
class LigoTrainerTest {
  private static final int VOCABULARY = 24;
  private static final int TIME = 16;
  private static final int ROWS = 8;
  private static final GptConfig SMALL = GptConfig.of(2, 2, 16, TIME, VOCABULARY);
  private static final GptConfig LARGE = SMALL.withSize(4, 4, 32);
  private static final int STEPS = 60;
  private static final double RATE = 3e-3;

  @AutoClose private final Device device = Device.cpu(1);
  private final Scope memory = device.scope();
  private final Tokens training = text(1, 20_000);
  private final Tokens heldOut = text(2, 4_000);

  /// A word follows from the one before it, three times of four.
  private static Tokens text(long seed, int length) {
    var random = new SplittableRandom(seed);
    var tokens = new int[length];
    for (int i = 1; i < length; i++) {
      tokens[i] =
          random.nextInt(4) == 0
              ? random.nextInt(VOCABULARY)
              : (5 * tokens[i - 1] + 7) % VOCABULARY;
    }
    return Tokens.of(tokens);
  }

  private List<Batch> validation() {
    return new Windows(heldOut, TIME).spread(ROWS, 16);
  }

  private double loss(Gpt gpt) {
    return Evaluation.of(gpt, validation()).loss();
  }

  private Gpt small(long seed) {
    var gpt = Gpt.create(SMALL, memory, DType.F32, seed);
    train(gpt, 300, 1e-2, seed);
    return gpt;
  }

  private void train(Gpt gpt, int steps, double rate, long seed) {
    var optimizer = new AdamW(gpt.parameters(), AdamW.Config.DEFAULTS);
    var schedule = Schedule.warmupCosine(steps / 10, steps, rate, 0);
    var trainer = new Trainer(gpt, optimizer, schedule, batches(seed), 1);
    for (int step = 0; step < steps; step++) trainer.step();
  }

  private Batches batches(long seed) {
    return new Batches(training, ROWS, TIME, seed);
  }

  private LigoOperator operator(Gpt source, LigoForm form, long seed) {
    var shape = new LigoShape(SMALL, LARGE, form, LigoHeads.WHOLE);
    var start = LigoStart.of(new Bert2Bert(seed)).withNoise(0.02, seed);
    return LigoOperator.create(source, shape, start, memory);
  }

  private LigoTrainer trainer(LigoOperator operator, long seed) {
    return trainer(operator, adamW(operator), STEPS, seed, 1);
  }

  private static AdamW adamW(LigoOperator operator) {
    return new AdamW(operator.maps(), AdamW.Config.DEFAULTS.withWeightDecay(0));
  }

  private LigoTrainer trainer(
      LigoOperator operator, Optimizer optimizer, int steps, long seed, int accumulate) {
    var larger = Gpt.blank(LARGE, memory, DType.F32);
    var schedule = Schedule.warmupCosine(steps / 10, steps, RATE, 0);
    return new LigoTrainer(operator, larger, optimizer, schedule, batches(seed), accumulate);
  }

  /// On held-out text, by more than what seeds make.
  @ParameterizedTest
  @EnumSource(LigoForm.class)
  void trainedMapsBeatThoseTheyBeginAs(LigoForm form) {
    var before = new ArrayList<Double>();
    var after = new ArrayList<Double>();
    for (long seed = 1; seed <= 3; seed++) {
      var trainer = trainer(operator(small(seed), form, seed), seed);
      before.add(loss(trainer.grown()));
      for (int step = 0; step < STEPS; step++) trainer.step();
      after.add(loss(trainer.grown()));
    }
    double gain = mean(before) - mean(after);
    double spread = Math.max(spread(before), spread(after));
    assertTrue(gain > spread, () -> "%s: %s to %s".formatted(form, before, after));
  }

  private static double mean(List<Double> losses) {
    return stream(losses).average().orElseThrow();
  }

  private static double spread(List<Double> losses) {
    return stream(losses).max().orElseThrow() - stream(losses).min().orElseThrow();
  }

  private static DoubleStream stream(List<Double> losses) {
    return losses.stream().mapToDouble(Double::doubleValue);
  }

  /// Only the maps move; an optimizer holds nothing but them, and any will do.
  @Test
  void theSmallerNetworkIsFrozenAndEveryMapMoves() {
    var source = small(1);
    var weights = new HashMap<String, float[]>();
    for (var name : source.parameters().names()) {
      weights.put(name, source.parameters().get(name).toFloats());
    }
    var operator = operator(source, LigoForm.SHARED, 1);
    var lion = new Lion(operator.maps(), Lion.Config.DEFAULTS);
    var trainer = trainer(operator, lion, STEPS, 1, 1);
    for (double moved : trainer.movements().values()) assertEquals(0, moved);
    for (int step = 0; step < 5; step++) trainer.step();
    assertEquals(5, trainer.steps());
    assertEquals(operator.maps().names(), trainer.movements().keySet());
    trainer
        .movements()
        .forEach((name, moved) -> assertTrue(moved > 0 && moved < 1, name + " " + moved));
    weights.forEach(
        (name, values) ->
            assertArrayEquals(values, source.parameters().get(name).toFloats(), name));
  }

  /// The loss and the gradient of a step are the means over its batches.
  @Test
  void batchesAreAveraged() {
    var source = small(1);
    var operator = operator(source, LigoForm.SHARED, 1);
    var trainer = trainer(operator, adamW(operator), STEPS, 1, 2);
    var both = List.of(batches(1).at(0, 0), batches(1).at(0, 1));
    double loss = Evaluation.of(trainer.grown(), both).loss();
    var report = trainer.step();
    assertEquals(loss, report.loss(), 1e-6 * loss);
    assertEquals(2 * ROWS * TIME, report.tokens());
    assertEquals(2 * ROWS * TIME, trainer.tokensPerStep());
    assertEquals(gradientNorm(operator(source, LigoForm.SHARED, 1), both), report.gradientNorm());
    assertThrows(InvalidArgument.class, () -> trainer(operator, adamW(operator), STEPS, 1, 0));
  }

  /// A step that has seen others: with momenta, at a rate of its own.
  @Test
  void replayedStepsHaveTheBitsOfEagerOnes() {
    var source = small(1);
    var replayed = operator(source, LigoForm.SHARED, 1);
    var trainer = trainer(replayed, adamW(replayed), 20, 1, 2);
    var eager = operator(source, LigoForm.SHARED, 1);
    var optimizer = adamW(eager);
    for (int step = 0; step < 3; step++) {
      double rate = trainer.step().rate();
      addGradients(eager, List.of(batches(1).at(step, 0), batches(1).at(step, 1)));
      optimizer.step(rate);
      for (var name : eager.maps().names()) {
        float[] moved = replayed.maps().get(name).toFloats();
        assertArrayEquals(eager.maps().get(name).toFloats(), moved, name + " at step " + step);
      }
    }
  }

  private OptionalDouble gradientNorm(LigoOperator operator, List<Batch> batches) {
    addGradients(operator, batches);
    var optimizer = adamW(operator);
    optimizer.step(0);
    return optimizer.gradientNorm();
  }

  private void addGradients(LigoOperator operator, List<Batch> batches) {
    var larger = Gpt.blank(LARGE, memory, DType.F32);
    try (var tape = Tape.open(device)) {
      var weights = operator.weights();
      operator.copyTo(larger, weights);
      for (var batch : batches) addGradients(larger, batch, 1.0 / batches.size());
      operator.pullBack(tape, weights, larger);
    }
  }

  private void addGradients(Gpt larger, Batch batch, double share) {
    try (var tape = Tape.open(device)) {
      var shape = Shape.of(batch.rows(), batch.time());
      var tokens = Tensor.of(tape, shape, batch.inputs());
      tape.backward(larger.loss(tokens, Tensor.of(tape, shape, batch.targets())), share);
    }
  }

  @Test
  void whatItCostsIsCountedApart() {
    var trainer = trainer(operator(small(1), LigoForm.SHARED, 1), 1);
    var shape = new LigoShape(SMALL, LARGE, LigoForm.SHARED, LigoHeads.WHOLE);
    assertEquals(shape.flops(), trainer.operatorFlopsPerStep());
    assertEquals(ROWS * TIME * LARGE.flopsPerToken(TIME), trainer.modelFlopsPerStep());
  }

  @Test
  void aMovementIsAShareOfTheLength() {
    var operator = operator(small(1), LigoForm.PAPER, 1);
    var trainer = trainer(operator, 1);
    var map = operator.maps().get("hidden");
    var numbers = map.toDoubles();
    for (int i = 0; i < numbers.length; i++) numbers[i] *= 1.5;
    map.copyFrom(numbers);
    trainer
        .movements()
        .forEach((name, moved) -> assertEquals(name.equals("hidden") ? 0.5 : 0, moved, 1e-6, name));
  }

  @Test
  void aNetworkThatTheMapsDoNotFitIsRefused() {
    var operator = operator(small(1), LigoForm.SHARED, 1);
    var schedule = Schedule.constant(RATE);
    for (var other :
        List.of(
            Gpt.blank(LARGE.withSize(4, 2, 16), memory, DType.F32),
            Gpt.blank(LARGE, memory, DType.F64))) {
      assertThrows(
          InvalidArgument.class,
          () -> new LigoTrainer(operator, other, adamW(operator), schedule, batches(1), 1));
    }
  }

  @Test
  void aLossThatIsNotFiniteEndsIt() {
    var operator = operator(small(1), LigoForm.SHARED, 1);
    var nan = new float[Math.toIntExact(operator.maps().get("residual").shape().count())];
    nan[3] = Float.NaN;
    operator.maps().get("residual").copyFrom(MemorySegment.ofArray(nan));
    var trainer = trainer(operator, 1);
    assertThrows(NotFinite.class, trainer::step);
    assertEquals(1, trainer.steps());
  }

  /// At equal FLOPs: what the operator itself costs buys further steps of the plain kind.
  @Test
  @Tag("long")
  void besidePlainStepsFromTheSameBeginning() {
    int steps = 100;
    int plainSteps = (int) Math.ceil(steps * (1 + operatorShare()));
    var report = new StringBuilder();
    for (long seed = 1; seed <= 3; seed++) {
      var source = small(seed);
      var operator = operator(source, LigoForm.SHARED, seed);
      var ligo = trainer(operator, adamW(operator), steps, seed, 1);
      double before = loss(ligo.grown());
      for (int step = 0; step < steps; step++) ligo.step();
      double maps = loss(ligo.grown());
      var plain = Gpt.blank(LARGE, memory, DType.F32);
      operator(source, LigoForm.SHARED, seed).copyTo(plain);
      assertEquals(before, loss(plain));
      train(plain, plainSteps, RATE, seed);
      report.append(
          "seed %d: %.4f at first, %.4f by %d steps of maps, %.4f by %d plain steps%n"
              .formatted(seed, before, maps, steps, loss(plain), plainSteps));
      assertTrue(maps < before && loss(plain) < before, report.toString());
    }
    System.out.print(report);
  }

  private double operatorShare() {
    var shape = new LigoShape(SMALL, LARGE, LigoForm.SHARED, LigoHeads.WHOLE);
    return shape.flops() / (ROWS * TIME * LARGE.flopsPerToken(TIME));
  }
}
