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
import dev.gatun.laws.Devices;
import dev.gatun.memory.Device;
import dev.gatun.memory.Scope;
import dev.gatun.nn.Gpt;
import dev.gatun.nn.GptConfig;
import dev.gatun.nn.Parameters;
import dev.gatun.optim.AdamW;
import dev.gatun.optim.Schedule;
import dev.gatun.optim.Sophia;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// A trainer's steps are what they are, whatever gradients its user makes before and between them;
/// and a step that is refused has not been done.
@Tag("backend")
class LeftoverGradientsTest {
  private static final int STEPS = 4;
  private static final int VOCABULARY = 30;
  private static final GptConfig CONFIG = GptConfig.of(1, 2, 8, 8, VOCABULARY);
  private static final Schedule SCHEDULE = Schedule.constant(1e-2);

  @AutoClose private final Device device = Devices.underTest();
  private final Scope memory = device.scope();

  /// What trains, what it moves, and gradients of these that its user makes.
  private interface Training {
    StepReport step();

    Parameters moved();

    void userGradients();
  }

  enum Kind {
    ADAMW,
    SOPHIA,
    LIGO
  }

  @ParameterizedTest
  @EnumSource
  void gradientsOfTheUserLeaveStepsAsTheyAre(Kind kind) {
    var alone = training(kind);
    var disturbed = training(kind);
    for (int step = 0; step < STEPS; step++) {
      disturbed.userGradients();
      var expected = alone.step();
      var report = disturbed.step();
      assertEquals(expected.loss(), report.loss());
      assertEquals(expected.gradientNorm(), report.gradientNorm());
      for (var name : alone.moved().names()) {
        assertArrayEquals(
            alone.moved().get(name).toFloats(), disturbed.moved().get(name).toFloats(), name);
      }
    }
  }

  @Test
  void gradientsBehindAStepAreTheUsersAlone() {
    var trained = (OfGpt) training(Kind.ADAMW);
    var copy = Gpt.create(CONFIG, memory, DType.F32, 7);
    trained.step();
    trained.step();
    for (var name : copy.parameters().names()) {
      var from = trained.moved().get(name);
      long bytes = from.shape().count() * Float.BYTES;
      var to = copy.parameters().get(name).data();
      device.kernels().copy(device.stream().handle(), to, from.data(), bytes);
    }
    backward(copy);
    trained.userGradients();
    for (var name : copy.parameters().names()) {
      assertArrayEquals(gradient(copy, name), gradient(trained.gpt, name), name);
    }
  }

  /// The CPU refuses it at once.
  @Test
  void aRefusedStepIsNotCounted() {
    try (var cpu = Device.cpu(1);
        var scope = cpu.scope()) {
      var gpt = Gpt.create(CONFIG, scope, DType.F32, 1);
      var outside = Tokens.of(IntStream.range(0, 60).map(i -> VOCABULARY + i).toArray());
      var sophia = new Sophia(gpt.parameters(), Sophia.Config.HUTCHINSON);
      var batches = new Batches(outside, 2, CONFIG.context(), 1);
      try (var plain = new Trainer(gpt, sophia, SCHEDULE, batches, 1);
          var refreshing = new Trainer(gpt, refresh(gpt, sophia), SCHEDULE, batches, 1)) {
        backward(gpt);
        assertThrows(InvalidArgument.class, plain::step);
        assertEquals(0, plain.steps());
        for (var name : gpt.parameters().names()) {
          assertTrue(gpt.parameters().get(name).slot().orElseThrow().fresh(), name);
        }
        assertThrows(InvalidArgument.class, refreshing::step);
        assertEquals(0, sophia.refreshes());
        assertEquals(0, refreshing.steps());
      }
    }
  }

  private Training training(Kind kind) {
    return switch (kind) {
      case ADAMW -> {
        var gpt = Gpt.create(CONFIG, memory, DType.F32, 1);
        var adamW = new AdamW(gpt.parameters(), AdamW.Config.DEFAULTS);
        yield new OfGpt(gpt, new Trainer(gpt, adamW, SCHEDULE, batches(), 2));
      }
      case SOPHIA -> {
        var gpt = Gpt.create(CONFIG, memory, DType.F32, 1);
        var sophia = new Sophia(gpt.parameters(), Sophia.Config.HUTCHINSON);
        yield new OfGpt(gpt, new Trainer(gpt, refresh(gpt, sophia), SCHEDULE, batches(), 2));
      }
      case LIGO -> ofMaps();
    };
  }

  private static CurvatureRefresh refresh(Gpt gpt, Sophia sophia) {
    return CurvatureRefresh.hutchinson(gpt, sophia, new CurvatureRefresh.Plan(2, 0.5), 3);
  }

  private record OfGpt(Gpt gpt, Trainer trainer) implements Training {
    @Override
    public StepReport step() {
      return trainer.step();
    }

    @Override
    public Parameters moved() {
      return gpt.parameters();
    }

    @Override
    public void userGradients() {
      backward(gpt);
    }
  }

  private Training ofMaps() {
    var larger = GptConfig.of(2, 4, 16, CONFIG.context(), VOCABULARY);
    var shape = new LigoShape(CONFIG, larger, LigoForm.SHARED, LigoHeads.WHOLE);
    var source = Gpt.create(CONFIG, memory, DType.F32, 1);
    var start = LigoStart.of(new Bert2Bert(1)).withNoise(0.02, 1);
    var operator = LigoOperator.create(source, shape, start, memory);
    var adamW = new AdamW(operator.maps(), AdamW.Config.DEFAULTS);
    var blank = Gpt.blank(larger, memory, DType.F32);
    var trainer = new LigoTrainer(operator, blank, adamW, SCHEDULE, batches(), 2);
    return new Training() {
      @Override
      public StepReport step() {
        return trainer.step();
      }

      @Override
      public Parameters moved() {
        return operator.maps();
      }

      @Override
      public void userGradients() {
        backward(blank);
        try (var tape = Tape.open(device)) {
          var weights = operator.weights();
          backward(blank);
          operator.pullBack(tape, weights, blank);
        }
        backward(blank);
      }
    };
  }

  private static void backward(Gpt gpt) {
    try (var tape = Tape.open(gpt.device())) {
      var ids = IntStream.range(0, 2 * CONFIG.context()).map(i -> i % VOCABULARY).toArray();
      var tokens = Tensor.of(tape, Shape.of(2, CONFIG.context()), ids);
      tape.backward(gpt.loss(tokens, tokens));
    }
  }

  private float[] gradient(Gpt gpt, String name) {
    var parameter = gpt.parameters().get(name);
    var at = parameter.slot().orElseThrow().gradient();
    return Tensor.over(memory, at, DType.F32, parameter.shape(), null).toFloats();
  }

  private static Batches batches() {
    var tokens = Tokens.of(IntStream.range(0, 100).map(i -> i * i % VOCABULARY).toArray());
    return new Batches(tokens, 2, CONFIG.context(), 1);
  }
}
