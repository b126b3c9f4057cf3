package dev.gatun.optim;

import dev.gatun.nn.ParameterPart;
import dev.gatun.nn.Parameters;
import dev.gatun.tensor.DType;

/// AdamW (Loshchilov and Hutter 2019), with clipping by the global norm; one kernel over each
/// part of the parameters:
///
/// g = gradient * min(1, maxNorm / (norm + 1e-6)); m = beta1 m + (1 - beta1) g; v = beta2 v + (1 -
/// beta2) g²; w = w - rate (m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + eps) + weightDecay w),
/// decay for decaying parameters only.
///
/// Its two arenas of state live beside the parameters, in their scope.
public final class AdamW extends ArenaOptimizer {
  private final Config config;

  /// Hyper-parameters. `maxNorm` of infinity does not clip.
  public record Config(double beta1, double beta2, double eps, double weightDecay, double maxNorm) {
    /// The usual ones for language models: 0.9, 0.95, 1e-8, decay 0.1, clipped at 1.
    public static final Config DEFAULTS = new Config(0.9, 0.95, 1e-8, 0.1, 1);

    public Config {
      within("beta1", beta1, beta1 >= 0 && beta1 < 1, "from 0 to below 1");
      within("beta2", beta2, beta2 >= 0 && beta2 < 1, "from 0 to below 1");
      within("eps", eps, eps > 0, "above 0");
      within("weight decay", weightDecay, weightDecay >= 0, "0 or more");
      within("the largest norm", maxNorm, maxNorm > 0, "above 0");
    }

    private static void within(String name, double value, boolean holds, String range) {
      ArenaOptimizer.within("AdamW", name, value, holds, range);
    }

    public Config withWeightDecay(double decay) {
      return new Config(beta1, beta2, eps, decay, maxNorm);
    }

    public Config withMaxNorm(double norm) {
      return new Config(beta1, beta2, eps, weightDecay, norm);
    }
  }

  public AdamW(Parameters parameters, Config config) {
    super(parameters, config.maxNorm(), "m", "v");
    this.config = config;
  }

  /// Bytes of state that it allocates beside an arena of `elements`.
  public static long stateBytes(long elements, DType dtype) {
    return stateBytes(2, elements, dtype);
  }

  @Override
  void launch(ParameterPart part) {
    kernels()
        .adamwStep(
            stream(),
            part.weights(),
            part.master(),
            state("m", part),
            state("v", part),
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
            config.eps(),
            config.weightDecay(),
            config.maxNorm(),
            part.dtype().code());
  }
}
