package dev.gatun.laws.emulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
import dev.gatun.optim.Schedule;
import dev.gatun.tensor.DType;
import dev.gatun.train.Batches;
import dev.gatun.train.LigoTrainer;
import dev.gatun.train.Tokens;
import dev.gatun.train.Trainer;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// A trainer's step asks as much of the CUDA runtime however deep the network is: it is a replay,
/// what goes along with it and what is read of it.
@Tag("emulator")
class ReplayedTrainersTest {
  private static final int CONTEXT = 8;
  private static final int MOST_CALLS = 30;

  @AutoClose private final Device device = Device.emulated();
  private final Scope memory = device.scope();

  @Test
  void aStepOfTrainingIsAReplay() {
    requireReplays(this::trainer);
  }

  @Test
  void aStepOfLigosMapsIsAReplay() {
    requireReplays(this::ligoTrainer);
  }

  /// Of a trainer's step, by the network's layers.
  private static void requireReplays(IntFunction<Runnable> steps) {
    long ofOne = calls(steps.apply(1));
    assertEquals(ofOne, calls(steps.apply(3)));
    assertTrue(ofOne < MOST_CALLS, ofOne + " calls");
  }

  /// The first two record, and bring along what does not change.
  private static long calls(Runnable step) {
    step.run();
    step.run();
    Emulator.failAt(0, 0);
    step.run();
    return Emulator.calls();
  }

  private Runnable trainer(int layers) {
    var gpt = Gpt.create(config(layers, 2, 8), memory, DType.F32, 1);
    var adamW = new AdamW(gpt.parameters(), AdamW.Config.DEFAULTS);
    return new Trainer(gpt, adamW, Schedule.constant(1e-3), batches(), 2)::step;
  }

  private Runnable ligoTrainer(int layers) {
    var shape =
        new LigoShape(
            config(layers, 2, 8), config(layers + 1, 4, 16), LigoForm.SHARED, LigoHeads.WHOLE);
    var source = Gpt.create(shape.source(), memory, DType.F32, 1);
    var start = LigoStart.of(new Bert2Bert(1)).withNoise(0.02, 1);
    var operator = LigoOperator.create(source, shape, start, memory);
    var adamW = new AdamW(operator.maps(), AdamW.Config.DEFAULTS);
    var larger = Gpt.blank(shape.target(), memory, DType.F32);
    return new LigoTrainer(operator, larger, adamW, Schedule.constant(1e-3), batches(), 2)::step;
  }

  private static GptConfig config(int layers, int heads, int width) {
    return GptConfig.of(layers, heads, width, CONTEXT, 30);
  }

  private static Batches batches() {
    var tokens = Tokens.of(IntStream.range(0, 100).map(i -> i * i % 30).toArray());
    return new Batches(tokens, 2, CONTEXT, 1);
  }
}
