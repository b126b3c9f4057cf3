package dev.gatun.growth;

import dev.gatun.memory.Scope;
import dev.gatun.nn.Gpt;
import dev.gatun.nn.GptConfig;
import dev.gatun.optim.LargerWeights;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.SplittableRandom;

/// Networks whose norms and biases do something, and what they compute.
final class RandomGpt {
  private RandomGpt() {}

  /// The same weights in every type, to its rounding.
  static Gpt of(GptConfig config, Scope memory, DType dtype) {
    var gpt = Gpt.create(config, memory, DType.F64, 3);
    LargerWeights.addTo(gpt.parameters(), new SplittableRandom(5));
    if (dtype == DType.F64) return gpt;
    var rounded = Gpt.blank(config, memory, dtype);
    for (var name : gpt.parameters().names()) {
      var exact = gpt.parameters().get(name).toDoubles();
      var floats = new float[exact.length];
      for (int i = 0; i < floats.length; i++) floats[i] = (float) exact[i];
      rounded.parameters().get(name).copyFrom(MemorySegment.ofArray(floats));
    }
    return rounded;
  }

  /// How far the logits of one lie from the other's, as a share of the largest.
  static double change(Gpt source, Gpt grown) {
    var before = logits(source);
    var after = logits(grown);
    double largest = Arrays.stream(before).map(Math::abs).max().orElseThrow();
    double change = 0;
    for (int i = 0; i < before.length; i++) {
      change = Math.max(change, Math.abs(after[i] - before[i]));
    }
    return change / largest;
  }

  private static double[] logits(Gpt gpt) {
    try (var scope = gpt.device().scope()) {
      var tokens = Tensor.of(scope, Shape.of(2, 6), 1, 5, 10, 0, 3, 3, 7, 2, 9, 4, 8, 6);
      return gpt.logits(tokens).slice(2, 0, gpt.config().vocabulary()).toDoubles();
    }
  }
}
