package dev.gatun.optim;

import dev.gatun.nn.ParameterPart;
import dev.gatun.nn.Parameters;
import dev.gatun.tensor.DType;

/// Lion (Chen and others 2023), with clipping by the global norm; one kernel over each part of
/// the parameters:
///
/// g = gradient * min(1, maxNorm / (norm + 1e-6)); w = w - rate (sign(beta1 m + (1 - beta1) g) +
/// weightDecay w), decay for decaying parameters only; m = beta2 m + (1 - beta2) g.
///
/// Its arena of state lives beside the parameters, in their scope.
public final class Lion extends ArenaOptimizer {
  private final Config config;

  /// Hyper-parameters. `maxNorm` of infinity does not clip.
  public record Config(double beta1, double beta2, double weightDecay, double maxNorm) {
    /// Those that language models are compared with: 0.95 and 0.98, clipped at 1. Rates are a
    /// fifth to a quarter of AdamW's, so decay is five times its 0.1.
    public static final Config DEFAULTS = new Config(0.95, 0.98, 0.5, 1);

    public Config {
      within("beta1", beta1, beta1 >= 0 && beta1 < 1, "from 0 to below 1");
      within("beta2", beta2, beta2 >= 0 && beta2 < 1, "from 0 to below 1");
      within("weight decay", weightDecay, weightDecay >= 0, "0 or more");
      within("the largest norm", maxNorm, maxNorm > 0, "above 0");
    }

    private static void within(String name, double value, boolean holds, String range) {
      ArenaOptimizer.within("Lion", name, value, holds, range);
    }

    public Config withWeightDecay(double decay) {
      return new Config(beta1, beta2, decay, maxNorm);
    }

    public Config withMaxNorm(double norm) {
      return new Config(beta1, beta2, weightDecay, norm);
    }
  }

  public Lion(Parameters parameters, Config config) {
    super(parameters, config.maxNorm(), "m");
    this.config = config;
  }

  /// Bytes of state that it allocates beside an arena of `elements`.
  public static long stateBytes(long elements, DType dtype) {
    return stateBytes(1, elements, dtype);
  }

  @Override
  void launch(ParameterPart part) {
    kernels()
        .lionStep(
            stream(),
            part.weights(),
            part.master(),
            state("m", part),
            gradients(part),
            rate(),
            step(),
            norm(),
            key(part),
            part.first(),
            part.count(),
            part.decayed(),
            config.beta1(),
            config.beta2(),
            config.weightDecay(),
            config.maxNorm(),
            part.dtype().code());
  }
}
