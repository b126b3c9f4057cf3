package dev.gatun.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.InvalidArgument;
import dev.gatun.grad.Tape;
import dev.gatun.memory.Device;
import dev.gatun.memory.Scope;
import dev.gatun.nn.Gpt;
import dev.gatun.nn.GptConfig;
import dev.gatun.optim.Curvature;
import dev.gatun.optim.GaussNewtonBartlett;
import dev.gatun.optim.Hutchinson;
import dev.gatun.optim.Lion;
import dev.gatun.optim.Schedule;
import dev.gatun.optim.Sophia;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Sophia's curvature is refreshed when it should be, on what it should be, and nothing else
/// happens to a step.
class CurvatureRefreshTest {
  private static final int VOCABULARY = 30;
  private static final int TIME = 8;
  private static final int ROWS = 7;
  private static final int ACCUMULATE = 2;
  private static final long SEED = 7;
  private static final GptConfig CONFIG = GptConfig.of(2, 2, 16, TIME, VOCABULARY);

  /// 9.8 of the 14 windows of a step, so 10: a whole batch and three of the next.
  private static final CurvatureRefresh.Plan PLAN = new CurvatureRefresh.Plan(3, 0.7);

  private static final int WINDOWS = 10;

  /// What an estimate looks at together: some windows of a batch.
  private record Part(int micro, int from, int rows) {
    int[] of(int[] ids) {
      return Arrays.copyOfRange(ids, from * TIME, (from + rows) * TIME);
    }
  }

  /// At most a third of a batch each.
  private static final List<Part> PARTS =
      List.of(
          new Part(0, 0, 2),
          new Part(0, 2, 2),
          new Part(0, 4, 2),
          new Part(0, 6, 1),
          new Part(1, 0, 2),
          new Part(1, 2, 1));

  @TempDir Path folder;
  @AutoClose private final Device device = Device.cpu(2);
  private final Scope scope = device.scope();

  /// Keeps what it is shown, and estimates nothing.
  private static final class Witness implements Curvature {
    private final Scope scope;
    private final MemorySegment inputs;
    private final MemorySegment targets;
    private final List<Long> prepared = new ArrayList<>();
    private final List<Double> shares = new ArrayList<>();
    private int shown;

    Witness(Scope scope) {
      this.scope = scope;
      inputs = scope.bytes(WINDOWS * TIME * Integer.BYTES);
      targets = scope.bytes(WINDOWS * TIME * Integer.BYTES);
    }

    @Override
    public void prepare(long number) {
      prepared.add(number);
    }

    @Override
    public void begin() {
      shares.clear();
      shown = 0;
    }

    @Override
    public void add(Gpt gpt, Tensor tokens, Tensor targets, double share) {
      keep(inputs, tokens);
      keep(this.targets, targets);
      shares.add(share);
      shown += (int) tokens.shape().count();
    }

    private void keep(MemorySegment to, Tensor ids) {
      var at = scope.at(to, (long) shown * Integer.BYTES);
      long bytes = ids.shape().count() * Integer.BYTES;
      var device = scope.device();
      device.kernels().copy(device.stream().handle(), at, ids.data(), bytes);
    }

    int[] kept(MemorySegment ids) {
      var all = new int[WINDOWS * TIME];
      scope.copyToHost(MemorySegment.ofArray(all), ids);
      return all;
    }

    @Override
    public double flopsPerToken(GptConfig config, long time) {
      return 1000 * time;
    }

    @Override
    public void blend(MemorySegment mean, double keep) {}
  }

  @Test
  void everyThirdStepReadsTheFirstWindowsOfItsOwnBatches() {
    var gpt = gpt();
    var witness = new Witness(scope);
    var sophia = new Sophia(gpt.parameters(), Sophia.Config.HUTCHINSON);
    var trainer =
        new Trainer(
            gpt,
            new CurvatureRefresh(sophia, witness, PLAN),
            Schedule.constant(0.001),
            batches(),
            ACCUMULATE);
    var refreshed = new ArrayList<Long>();
    for (int step = 0; step < 8; step++) {
      var report = trainer.step();
      if (report.curvature().isEmpty()) continue;
      refreshed.add(report.step());
      var cost = report.curvature().get();
      assertEquals(WINDOWS * TIME, cost.tokens());
      assertEquals(WINDOWS * TIME * 1000.0 * TIME, cost.flops());
      assertTrue(cost.seconds() > 0 && cost.seconds() < report.seconds());
      assertEquals(PARTS.size(), witness.shares.size());
      var inputs = witness.kept(witness.inputs);
      var targets = witness.kept(witness.targets);
      int at = 0;
      for (int i = 0; i < PARTS.size(); i++) {
        var part = PARTS.get(i);
        var batch = batches().at(step, part.micro());
        int end = at + part.rows() * TIME;
        assertArrayEquals(part.of(batch.inputs()), Arrays.copyOfRange(inputs, at, end));
        assertArrayEquals(part.of(batch.targets()), Arrays.copyOfRange(targets, at, end));
        assertEquals((double) part.rows() / WINDOWS, witness.shares.get(i));
        at = end;
      }
    }
    assertEquals(List.of(0L, 3L, 6L), refreshed);
    assertEquals(refreshed, witness.prepared);
    assertEquals(3, sophia.refreshes());
  }

  @ParameterizedTest
  @CsvSource({
    "0.0666666666666667, 480, 32",
    "0.5, 480, 240",
    "0.5, 7, 4",
    "1, 9, 9",
    "0.07, 100, 7",
    "0.29, 100, 29",
    "0.1, 3, 1",
    "1e-9, 5, 1",
    "0.34, 3, 2"
  })
  void theShareIsRoundedUpToWholeWindows(double share, long ofAll, long windows) {
    assertEquals(windows, new CurvatureRefresh.Plan(1, share).windows(ofAll));
  }

  @ParameterizedTest
  @CsvSource({"0, 0.5", "-1, 0.5", "1, 0", "1, -0.1", "1, 1.01", "1, NaN"})
  void aPlanWithoutSenseIsRefused(long every, double share) {
    assertThrows(InvalidArgument.class, () -> new CurvatureRefresh.Plan(every, share));
  }

  /// To the bit, with estimates drawn, added up and blended by hand.
  @ParameterizedTest
  @CsvSource({
    "hutchinson, BEFORE, 1",
    "hutchinson, BEFORE, 10",
    "hutchinson, AFTER, 3",
    "hutchinson, AFTER, 10",
    "bartlett, BEFORE, 1",
    "bartlett, BEFORE, 10",
    "bartlett, AFTER, 10"
  })
  void sophiasStepsAreThoseByHand(String estimate, CurvatureRefresh.Order order, int steps) {
    var plan = new CurvatureRefresh.Plan(PLAN.every(), PLAN.share(), order);
    boolean isBefore = order == CurvatureRefresh.Order.BEFORE;
    boolean isHutchinson = estimate.equals("hutchinson");
    var trained = gpt();
    var sophia = new Sophia(trained.parameters(), Sophia.Config.BARTLETT);
    var trainer =
        new Trainer(
            trained,
            isHutchinson
                ? CurvatureRefresh.hutchinson(trained, sophia, plan, SEED)
                : CurvatureRefresh.bartlett(trained, sophia, plan, SEED),
            Schedule.constant(0.01),
            batches(),
            ACCUMULATE);
    var gpt = gpt();
    var byHand = new Sophia(gpt.parameters(), Sophia.Config.BARTLETT);
    long seed = Mix.hash(SEED, 1);
    var curvature =
        isHutchinson
            ? new Hutchinson(gpt.parameters(), seed)
            : new GaussNewtonBartlett(gpt.parameters(), seed);
    for (int step = 0; step < steps; step++) {
      boolean isDue = step % 3 == (isBefore ? 0 : 2);
      if (isDue && isBefore) refresh(byHand, curvature, gpt, step, step);
      backward(gpt, step);
      byHand.step(0.01);
      if (isDue && !isBefore) refresh(byHand, curvature, gpt, step, step + 1);
      var report = trainer.step();
      assertEquals(byHand.unclippedShare(), report.unclippedShare().getAsDouble());
      double token = isHutchinson ? CONFIG.hessianProductFlopsPerToken(TIME) : bartlettsFlops();
      assertEquals(
          isDue ? WINDOWS * TIME * token : 0,
          report.curvature().map(CurvatureReport::flops).orElse(0.0));
    }
    requireSame(gpt, trained);
    assertEquals(byHand.refreshes(), sophia.refreshes());
    var diagonal = diagonal(sophia, trained);
    assertArrayEquals(diagonal(byHand, gpt), diagonal);
    assertTrue(IntStream.range(0, diagonal.length).anyMatch(i -> diagonal[i] != 0), "no curvature");
  }

  private float[] diagonal(Sophia sophia, Gpt gpt) {
    var shape = Shape.of(gpt.parameters().count());
    return Tensor.over(scope, sophia.state().get("h"), DType.F32, shape, null).toFloats();
  }

  private void refresh(Sophia sophia, Curvature curvature, Gpt gpt, int number, int source) {
    curvature.draw(number);
    for (var part : PARTS) add(curvature, gpt, batches().at(source, part.micro()), part);
    curvature.refresh(sophia);
  }

  @ParameterizedTest
  @CsvSource({"BEFORE, 0, 0", "BEFORE, 7, 3", "BEFORE, 9, 3", "AFTER, 2, 0", "AFTER, 9, 3"})
  void refreshesAreCounted(CurvatureRefresh.Order order, long steps, long refreshes) {
    var plan = new CurvatureRefresh.Plan(3, 0.7, order);
    assertEquals(refreshes, plan.count(steps));
    assertEquals(
        refreshes, LongStream.range(0, steps).filter(step -> plan.isDue(order, step)).count());
  }

  private static double bartlettsFlops() {
    return CONFIG.forwardFlopsPerToken(TIME) + CONFIG.flopsPerToken(TIME);
  }

  private void add(Curvature curvature, Gpt gpt, Batch batch, Part part) {
    var shape = Shape.of(part.rows(), TIME);
    var tokens = Tensor.of(scope, shape, part.of(batch.inputs()));
    var targets = Tensor.of(scope, shape, part.of(batch.targets()));
    curvature.add(gpt, tokens, targets, (double) part.rows() / WINDOWS);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 10})
  void lionsStepsAreThoseByHand(int steps) {
    var trained = gpt();
    var trainer =
        new Trainer(
            trained,
            new Lion(trained.parameters(), Lion.Config.DEFAULTS),
            Schedule.constant(0.002),
            batches(),
            ACCUMULATE);
    var gpt = gpt();
    var byHand = new Lion(gpt.parameters(), Lion.Config.DEFAULTS);
    for (int step = 0; step < steps; step++) {
      backward(gpt, step);
      byHand.step(0.002);
      var report = trainer.step();
      assertTrue(report.unclippedShare().isEmpty() && report.curvature().isEmpty());
    }
    requireSame(gpt, trained);
  }

  private void backward(Gpt gpt, int step) {
    for (int micro = 0; micro < ACCUMULATE; micro++) {
      var batch = batches().at(step, micro);
      try (var tape = Tape.open(device)) {
        var shape = Shape.of(ROWS, TIME);
        var loss =
            gpt.loss(
                Tensor.of(tape, shape, batch.inputs()), Tensor.of(tape, shape, batch.targets()));
        tape.backward(loss, 1.0 / ACCUMULATE);
      }
    }
  }

  private static void requireSame(Gpt expected, Gpt found) {
    for (var name : expected.parameters().names()) {
      assertArrayEquals(
          expected.parameters().get(name).toFloats(),
          found.parameters().get(name).toFloats(),
          name);
    }
  }

  @Test
  void theJournalTellsWhatWasClippedAndWhatCurvatureCost() {
    var gpt = gpt();
    var sophia = new Sophia(gpt.parameters(), Sophia.Config.BARTLETT);
    var refresh = CurvatureRefresh.bartlett(gpt, sophia, PLAN, SEED);
    var trainer = new Trainer(gpt, refresh, Schedule.constant(0.01), batches(), ACCUMULATE);
    var validation = new Windows(tokens(), TIME).first(4, 2);
    var plan = new Run.Plan(8, 4, 4, SEED, Map.of());
    Run.begin(folder.resolve("run"), trainer, validation, plan).toEnd(new Run.Listener() {});
    var journal = Journal.read(folder.resolve("run").resolve(Run.JOURNAL));
    var steps = journal.stream().filter(line -> line.number("loss").isPresent()).toList();
    var always =
        List.of(
            "loss",
            "rate",
            "gradientNorm",
            "gradientClipped",
            "tokens",
            "seconds",
            "unclippedShare");
    var refreshed = new ArrayList<>(always);
    refreshed.addAll(List.of("curvatureTokens", "curvatureFlops", "curvatureSeconds"));
    double shares = 0;
    double seconds = 0;
    int clipped = 0;
    for (var step : steps) {
      var expected = step.step() % 3 == 0 ? refreshed : always;
      assertEquals(expected, List.copyOf(step.fields().keySet()));
      shares += step.number("unclippedShare").getAsDouble();
      seconds += step.number("curvatureSeconds").orElse(0);
      boolean isClipped = step.number("gradientNorm").getAsDouble() > 1;
      assertEquals(isClipped, step.fields().get("gradientClipped"));
      if (isClipped) clipped++;
    }
    assertTrue(clipped > 0 && clipped < 8, clipped + " of 8 steps are clipped: too few or many");
    var totals = StepTotals.of(journal);
    assertEquals(8, totals.steps());
    assertEquals(clipped / 8.0, totals.clipRate());
    assertEquals(shares / 8, totals.unclippedShare().getAsDouble(), 1e-12);
    assertEquals(3, totals.refreshes());
    assertEquals(3 * WINDOWS * TIME, totals.curvature().tokens());
    assertEquals(seconds, totals.curvature().seconds(), 1e-12);
    // Labels cost a forward, a third of what training costs.
    double flops = 3 * WINDOWS * TIME * CONFIG.flopsPerToken(TIME) * 4 / 3;
    assertEquals(flops, totals.curvature().flops(), flops * 1e-12);
    double training = 8 * trainer.tokensPerStep() * CONFIG.flopsPerToken(TIME);
    assertEquals(training + flops, trainer.flops(8), flops * 1e-12);
  }

  @Test
  void aJournalWithoutStepsComesToNothing() {
    var totals = StepTotals.of(List.of(JournalEntry.of(0).with("validationLoss", 5.0)));
    assertEquals(0, totals.steps());
    assertEquals(0, totals.clipRate());
    assertTrue(totals.unclippedShare().isEmpty());
    assertEquals(new CurvatureReport(0, 0, 0), totals.curvature());
  }

  @ParameterizedTest
  @CsvSource({"1e-3, true", "1e3, false", "Infinity, false"})
  void aGradientIsClippedWhereItsNormIsAboveTheLargest(double largest, boolean isClipped) {
    var gpt = gpt();
    var lion = new Lion(gpt.parameters(), Lion.Config.DEFAULTS.withMaxNorm(largest));
    var report = new Trainer(gpt, lion, Schedule.constant(0.001), batches(), ACCUMULATE).step();
    assertEquals(isClipped, report.gradientClipped());
    assertEquals(largest < Double.POSITIVE_INFINITY, report.gradientNorm().isPresent());
  }

  /// Else the first probe would be made of the numbers that the first weights are made of.
  @Test
  void theRandomChoicesAreNotThoseOfTheFirstWeights() {
    var gpt = gpt();
    var sophia = new Sophia(gpt.parameters(), Sophia.Config.HUTCHINSON);
    var refresh = CurvatureRefresh.hutchinson(gpt, sophia, PLAN, SEED);
    var table = gpt.parameters().get("wte.weight");
    var ours = ((Hutchinson) refresh.curvature()).direction().along(table, scope).toFloats();
    var theirs = new Hutchinson(gpt.parameters(), SEED).direction().along(table, scope).toFloats();
    assertFalse(Arrays.equals(ours, theirs));
  }

  private Gpt gpt() {
    return Gpt.create(CONFIG, scope, DType.F32, SEED);
  }

  private static Batches batches() {
    return new Batches(tokens(), ROWS, TIME, SEED);
  }

  private static Tokens tokens() {
    return Tokens.of(IntStream.range(0, 500).map(i -> i * i % VOCABULARY).toArray());
  }
}
