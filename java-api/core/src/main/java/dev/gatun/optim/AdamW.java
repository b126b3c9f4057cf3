package dev.gatun.optim;

import dev.gatun.InvalidArgument;
import dev.gatun.memory.Scope;
import dev.gatun.nn.Parameters;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalDouble;

/// AdamW (Loshchilov and Hutter 2019), with clipping by the global norm; one kernel over the
/// parameters' flat arena:
///
/// g = gradient * min(1, maxNorm / (norm + 1e-6)); m = beta1 m + (1 - beta1) g; v = beta2 v + (1 -
/// beta2) g²; w = w - rate (m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + eps) + weightDecay w),
/// decay for decaying parameters only.
///
/// Its two arenas of state live beside the parameters, in their scope.
public final class AdamW implements Optimizer {
  private final Parameters parameters;
  private final Config config;
  private final MemorySegment m;
  private final MemorySegment v;
  private final Tensor norm;
  private final MemorySegment rate;
  private final MemorySegment step;
  private long steps;

  /// Hyper-parameters. `maxNorm` of infinity does not clip.
  public record Config(double beta1, double beta2, double eps, double weightDecay, double maxNorm) {
    /// The usual ones for language models: 0.9, 0.95, 1e-8, decay 0.1, clipped at 1.
    public static final Config DEFAULTS = new Config(0.9, 0.95, 1e-8, 0.1, 1);

    public Config {
      within("beta1", beta1, beta1 >= 0 && beta1 < 1);
      within("beta2", beta2, beta2 >= 0 && beta2 < 1);
      within("eps", eps, eps > 0);
      within("weight decay", weightDecay, weightDecay >= 0);
      within("the largest norm", maxNorm, maxNorm > 0);
    }

    private static void within(String name, double value, boolean holds) {
      if (!holds) throw new InvalidArgument("AdamW cannot work with %s %s".formatted(name, value));
    }

    public Config withWeightDecay(double decay) {
      return new Config(beta1, beta2, eps, decay, maxNorm);
    }

    public Config withMaxNorm(double norm) {
      return new Config(beta1, beta2, eps, weightDecay, norm);
    }
  }

  public AdamW(Parameters parameters, Config config) {
    this.parameters = parameters;
    this.config = config;
    Scope scope = parameters.scope();
    var arena = Shape.of(parameters.count());
    m = Tensor.zeros(scope, parameters.dtype().wide(), arena).data();
    v = Tensor.zeros(scope, parameters.dtype().wide(), arena).data();
    norm = Tensor.zeros(scope, parameters.dtype().wide(), Shape.SCALAR);
    rate = scope.doubles(1);
    step = scope.longs(1);
  }

  /// Bytes of state that it allocates beside an arena of `elements`.
  public static long stateBytes(long elements, DType dtype) {
    long wide = dtype.wide().bytes();
    return 2 * elements * wide + wide + Double.BYTES + Long.BYTES;
  }

  @Override
  public void step(double learningRate) {
    parameters.settle();
    steps++;
    var scope = parameters.scope();
    try (var host = Arena.ofConfined()) {
      scope.copyToDevice(rate, host.allocateFrom(ValueLayout.JAVA_DOUBLE, learningRate));
      scope.copyToDevice(step, host.allocateFrom(ValueLayout.JAVA_LONG, steps));
    }
    var kernels = parameters.device().kernels();
    var stream = parameters.device().stream().handle();
    int dtype = parameters.dtype().code();
    if (clips())
      kernels.globalNorm(stream, norm.data(), parameters.gradients(), parameters.count(), dtype);
    kernels.adamwStep(
        stream,
        parameters.weights(),
        null,
        m,
        v,
        parameters.gradients(),
        rate,
        step,
        clips() ? norm.data() : null,
        null,
        0,
        parameters.count(),
        parameters.decayed(),
        config.beta1(),
        config.beta2(),
        config.eps(),
        config.weightDecay(),
        config.maxNorm(),
        dtype);
    parameters.forgetGradients();
  }

  private boolean clips() {
    return Double.isFinite(config.maxNorm());
  }

  @Override
  public long steps() {
    return steps;
  }

  @Override
  public void resume(long done) {
    steps = done;
  }

  @Override
  public Map<String, MemorySegment> state() {
    var state = new LinkedHashMap<String, MemorySegment>();
    state.put("m", m);
    state.put("v", v);
    return state;
  }

  @Override
  public OptionalDouble gradientNorm() {
    return clips() ? OptionalDouble.of(norm.item()) : OptionalDouble.empty();
  }
}
