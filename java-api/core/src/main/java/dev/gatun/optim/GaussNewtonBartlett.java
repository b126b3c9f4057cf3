package dev.gatun.optim;

import dev.gatun.grad.Tape;
import dev.gatun.nn.Gpt;
import dev.gatun.nn.GptConfig;
import dev.gatun.nn.Parameters;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/// The Gauss-Newton-Bartlett estimate of the curvature's diagonal: B g², where g is the gradient of
/// the mean loss over B labels that are drawn from the model's own distribution rather than taken
/// from the text. Its mean is the diagonal of the loss's Gauss-Newton matrix, by Bartlett's
/// identities. Labels are drawn on the device, and B is counted here: it is the number of labels of
/// all batches of an estimate, targets that are left out not among them. With shares that are not
/// those of the labels, g is no mean over them, and B g² no estimate of anything.
public final class GaussNewtonBartlett implements Curvature {
  /// Bytes that it allocates in the parameters' scope.
  public static final long STATE_BYTES = Draws.BYTES + Long.BYTES;

  private final Parameters parameters;
  /// Where the labels' random numbers come from, and behind that how many labels there are.
  private final Draws draws;
  private long drawn;

  public GaussNewtonBartlett(Parameters parameters, long seed) {
    this.parameters = parameters;
    draws = new Draws(parameters.scope(), seed, Long.BYTES);
  }

  @Override
  public void prepare(long number) {
    draws.prepare(number);
  }

  @Override
  public void begin() {
    parameters.forgetGradients();
    draws.begin();
    drawn = 0;
  }

  /// How many labels there are so far.
  private MemorySegment counted() {
    return parameters.scope().at(draws.data(), Draws.BYTES);
  }

  @Override
  public void add(Gpt gpt, Tensor tokens, Tensor targets, double share) {
    if (!draws.isOpen()) draw(draws.next());
    try (var tape = Tape.open(gpt.device())) {
      var sampled = Tensor.uninitialized(tape, DType.I32, targets.shape());
      sample(gpt, tokens, targets, sampled);
      tape.backward(gpt.loss(tokens, sampled), share);
    }
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
              counted(),
              logits.data(),
              targets.data(),
              draws.data(),
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
    blend(parameters, mean, counted(), keep);
    draws.end();
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
