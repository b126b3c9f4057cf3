package dev.gatun.memory;

import dev.gatun.grad.Tape;
import dev.gatun.nn.Gpt;
import dev.gatun.nn.GptConfig;
import dev.gatun.nn.Recompute;
import dev.gatun.nn.Rounding;
import dev.gatun.optim.AdamW;
import dev.gatun.optim.Lion;
import dev.gatun.optim.Optimizer;
import dev.gatun.optim.Sophia;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/// A model, its optimizer, and a step of both that reads tokens from a feed.
final class RecordedTraining {
  private static final int MICRO_STEPS = 2;
  private static final GptConfig CONFIG = GptConfig.of(2, 2, 16, 12, 61);
  private static final Shape WINDOWS = Shape.of(2, 11);

  final Gpt gpt;

  private final Scope memory;
  private final Optimizer optimizer;
  private final Feed tokens;
  private final Tensor losses;

  RecordedTraining(Scope memory, String optimizer) {
    this(memory, optimizer, DType.F32, Rounding.NEAREST, Recompute.NONE);
  }

  RecordedTraining(
      Scope memory, String optimizer, DType dtype, Rounding rounding, Recompute recompute) {
    this.memory = memory;
    gpt = Gpt.create(CONFIG, memory, dtype, rounding, 5).withRecompute(recompute);
    tokens = new Feed(memory, MICRO_STEPS * 2 * WINDOWS.count() * Integer.BYTES);
    losses = Tensor.zeros(memory, DType.F32, Shape.of(MICRO_STEPS));
    this.optimizer =
        switch (optimizer) {
          case "adamw" -> new AdamW(gpt.parameters(), AdamW.Config.DEFAULTS);
          case "lion" -> new Lion(gpt.parameters(), Lion.Config.DEFAULTS);
          default -> new Sophia(gpt.parameters(), Sophia.Config.HUTCHINSON);
        };
  }

  void prepare(int step) {
    var random = new SplittableRandom(step);
    for (long at = 0; at < tokens.image().byteSize(); at += Integer.BYTES) {
      tokens.image().set(ValueLayout.JAVA_INT, at, random.nextInt(CONFIG.vocabulary()));
    }
    optimizer.prepare(1e-2 / (1 + step));
  }

  void walk() {
    var kernels = memory.device().kernels();
    tokens.send();
    for (int micro = 0; micro < MICRO_STEPS; micro++) {
      try (var tape = Tape.open(memory.device())) {
        var loss = gpt.loss(window(2 * micro), window(2 * micro + 1));
        tape.backward(loss, 1.0 / MICRO_STEPS);
        var to = memory.at(losses.data(), micro * Float.BYTES);
        kernels.copy(memory.device().stream().handle(), to, loss.data(), Float.BYTES);
      }
    }
    optimizer.apply();
  }

  private Tensor window(int number) {
    var at = memory.at(tokens.data(), number * WINDOWS.count() * Integer.BYTES);
    return Tensor.over(memory, at, DType.I32, WINDOWS, null);
  }

  List<Object> state() {
    var weights = new ArrayList<Integer>();
    for (var name : gpt.parameters().names()) {
      weights.add(Arrays.hashCode(gpt.parameters().get(name).toFloats()));
      weights.add(Arrays.hashCode(gpt.parameters().master(name).toFloats()));
    }
    return List.of(
        weights,
        Arrays.toString(losses.toFloats()),
        optimizer.gradientNorm().orElseThrow(),
        optimizer.steps());
  }
}
