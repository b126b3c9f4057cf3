package dev.gatun.optim;

import dev.gatun.grad.Tape;
import dev.gatun.memory.Scope;
import dev.gatun.nn.Gpt;
import dev.gatun.nn.GptConfig;
import dev.gatun.nn.Parameters;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/// The Gauss-Newton-Bartlett estimate of the curvature's diagonal: B g², where g is the gradient of
/// the mean loss over B labels that are drawn from the model's own distribution rather than taken
/// from the text. Its mean is the diagonal of the loss's Gauss-Newton matrix, by Bartlett's
/// identities. Labels are drawn on the device, and B is counted here: it is the number of labels,
/// targets that are left out not among them.
public final class GaussNewtonBartlett implements Curvature {
  /// Bytes that it allocates in the parameters' scope.
  public static final long STATE_BYTES = 3 * Long.BYTES;

  private final Parameters parameters;
  private final long seed;
  private final Scope memory;
  private final MemorySegment key;
  private final MemorySegment counted;
  private long drawn;
  private long labels;

  public GaussNewtonBartlett(Parameters parameters, long seed) {
    this.parameters = parameters;
    this.seed = seed;
    memory = parameters.scope();
    key = memory.longs(2);
    counted = memory.longs(1);
    draw(0);
  }

  @Override
  public void draw(long number) {
    parameters.forgetGradients();
    write(key, seed, number);
    drawn = 0;
    labels = 0;
  }

  private void write(MemorySegment to, long... values) {
    try (var host = Arena.ofConfined()) {
      memory.copyToDevice(to, host.allocateFrom(ValueLayout.JAVA_LONG, values));
    }
  }

  @Override
  public void add(Gpt gpt, Tensor tokens, Tensor targets, double share) {
    try (var tape = Tape.open(gpt.device())) {
      var sampled = Tensor.uninitialized(tape, DType.I32, targets.shape());
      sample(gpt, tokens, targets, sampled);
      tape.backward(gpt.loss(tokens, sampled), share);
    }
    labels += Arrays.stream(targets.toInts()).filter(target -> target >= 0).count();
  }

  /// One label a position from the softmax of its logits; -1 where the target is left out.
  private void sample(Gpt gpt, Tensor tokens, Tensor targets, Tensor sampled) {
    try (var _ = gpt.device().scope()) {
      var logits = gpt.logits(tokens);
      long rows = targets.shape().count();
      gpt.device()
          .kernels()
          .sampleCategorical(
              gpt.device().stream().handle(),
              sampled.data(),
              logits.data(),
              targets.data(),
              key,
              drawn,
              rows,
              gpt.config().vocabulary(),
              logits.shape().cols(),
              logits.dtype().code());
      drawn += rows;
    }
  }

  /// Forward for the labels, then forward and backward as in training.
  @Override
  public double flopsPerToken(GptConfig config, long time) {
    return config.forwardFlopsPerToken(time) + config.flopsPerToken(time);
  }

  @Override
  public void blend(MemorySegment mean, double keep) {
    write(counted, labels);
    blend(parameters, mean, counted, keep);
  }

  /// The same out of the gradients in the parameters' slots, at as many labels as `counted` says,
  /// on the device. The gradients are then forgotten.
  static void blend(Parameters parameters, MemorySegment mean, MemorySegment counted, double keep) {
    parameters.settle();
    parameters
        .device()
        .kernels()
        .curvatureBartlett(
            parameters.device().stream().handle(),
            mean,
            parameters.gradients(),
            counted,
            parameters.count(),
            keep,
            parameters.dtype().code());
    parameters.forgetGradients();
  }
}
