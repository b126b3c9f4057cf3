package dev.gatun.optim;

import dev.gatun.nn.Parameters;
import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;

/// Weights of deviation 0.02, with which a GPT begins, leave it almost linear: a test of its
/// curvature would not see what is missing.
public final class LargerWeights {
  private LargerWeights() {}

  /// Adds a number between -0.5 and 0.5 to each weight of parameters in fp64, by order of names.
  public static void addTo(Parameters parameters, SplittableRandom random) {
    for (var name : parameters.names()) {
      var parameter = parameters.get(name);
      var larger = parameter.toDoubles();
      for (int i = 0; i < larger.length; i++) larger[i] += random.nextDouble(-0.5, 0.5);
      parameter.copyFrom(MemorySegment.ofArray(larger));
    }
  }
}
