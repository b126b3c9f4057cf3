package dev.gatun.optim;

import dev.gatun.grad.Gradients;
import dev.gatun.memory.Scope;
import dev.gatun.nn.Parameters;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/// u times (H u), element by element, as found on one tape. It lives as long as that.
public final class DiagonalEstimate implements Diagonal {
  private final Parameters parameters;
  private final Scope tape;
  private final RandomDirection probe;
  private final Gradients product;

  DiagonalEstimate(Parameters parameters, Scope tape, RandomDirection probe, Gradients product) {
    this.parameters = parameters;
    this.tape = tape;
    this.probe = probe;
    this.product = product;
  }

  /// The part of it that belongs to a parameter, of its shape and wide type.
  public Tensor of(Tensor parameter) {
    var along = product.of(parameter);
    var estimate = Tensor.zeros(tape, along.dtype(), along.shape());
    probe.blend(parameter, estimate.data(), along.data(), 0);
    return estimate;
  }

  @Override
  public void blend(MemorySegment mean, double keep) {
    for (var name : parameters.names()) {
      var parameter = parameters.get(name);
      var along = product.of(parameter);
      long bytes = parameters.offset(name) * along.dtype().bytes();
      probe.blend(parameter, parameters.scope().at(mean, bytes), along.data(), keep);
    }
  }
}
