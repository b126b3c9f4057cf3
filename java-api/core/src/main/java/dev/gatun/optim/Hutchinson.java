package dev.gatun.optim;

import dev.gatun.grad.HessianVector;
import dev.gatun.grad.Tape;
import dev.gatun.memory.Scope;
import dev.gatun.nn.Gpt;
import dev.gatun.nn.GptConfig;
import dev.gatun.nn.Parameters;
import dev.gatun.optim.Sophia.Probe;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Hutchinson's estimate of the Hessian's diagonal: u times (H u), element by element, for a random
/// u of independent entries. Its mean is the diagonal. u is made by the counter generator wherever
/// it is needed and never stored.
///
/// For a loss of one's own: `draw(step); differentiate(tape, loss, 1); refresh(sophia)`.
public final class Hutchinson implements Curvature {
  /// Bytes that it allocates in the parameters' scope.
  public static final long STATE_BYTES = 2 * Long.BYTES;

  private final Parameters parameters;
  private final Probe probe;
  private final long seed;
  private final Scope memory;
  private final MemorySegment key;
  private final HessianVector product;

  /// Signs: no estimate out of independent entries varies less.
  public Hutchinson(Parameters parameters, long seed) {
    this(parameters, seed, Probe.SIGNS);
  }

  /// With probes of this distribution.
  public Hutchinson(Parameters parameters, long seed, Probe probe) {
    this.parameters = parameters;
    this.probe = probe;
    this.seed = seed;
    memory = parameters.scope();
    key = memory.longs(2);
    product = HessianVector.along(new RandomDirection(parameters, probe, key)).inPlaceOfGradients();
    draw(0);
  }

  @Override
  public void draw(long number) {
    parameters.forgetGradients();
    try (var host = Arena.ofConfined()) {
      memory.copyToDevice(key, host.allocateFrom(ValueLayout.JAVA_LONG, seed, number));
    }
  }

  /// Adds `share` times the product of the loss's Hessian with the probe to what stands in the
  /// gradients' place. `share` is 1/n where n micro-steps make one estimate.
  public void differentiate(Tape tape, Tensor loss, double share) {
    product.of(tape, loss, share);
  }

  @Override
  public void add(Gpt gpt, Tensor tokens, Tensor targets, double share) {
    try (var tape = Tape.open(gpt.device())) {
      differentiate(tape, gpt.loss(tokens, targets), share);
    }
  }

  /// Those of the product.
  @Override
  public double flopsPerToken(GptConfig config, long time) {
    return config.hessianProductFlopsPerToken(time);
  }

  @Override
  public void refresh(Sophia sophia) {
    parameters.settle();
    sophia.refreshHutchinson(parameters.gradients(), key, probe);
    parameters.forgetGradients();
  }

  /// The direction that the probe is.
  public RandomDirection direction() {
    return new RandomDirection(parameters, probe, key);
  }
}
