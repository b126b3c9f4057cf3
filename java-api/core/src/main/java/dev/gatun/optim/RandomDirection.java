package dev.gatun.optim;

import dev.gatun.grad.Direction;
import dev.gatun.memory.Scope;
import dev.gatun.nn.Parameters;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.IdentityHashMap;
import java.util.Map;

/// A direction of independent random numbers in the space of all parameters, made a tensor at a
/// time by the counter generator each time it is asked for, and never stored whole: element i of
/// the arena is number i of the sequence that `key` names.
public final class RandomDirection implements Direction {
  /// How the numbers are distributed; both have mean 0 and variance 1.
  public enum Distribution {
    /// +1 or -1 with equal chance.
    RADEMACHER,
    NORMAL
  }

  private final Parameters parameters;
  private final Distribution distribution;
  private final MemorySegment key;
  private final Map<Tensor, Long> offsets = new IdentityHashMap<>();

  /// `key` is device memory: two I64, the seed and the sequence.
  public RandomDirection(Parameters parameters, Distribution distribution, MemorySegment key) {
    this.parameters = parameters;
    this.distribution = distribution;
    this.key = key;
    for (var name : parameters.names()) offsets.put(parameters.get(name), parameters.offset(name));
  }

  @Override
  public Tensor along(Tensor parameter, Scope scope) {
    var offset = offsets.get(parameter);
    if (offset == null) return null;
    var part = Tensor.uninitialized(scope, parameter.dtype(), parameter.shape());
    var kernels = parameters.device().kernels();
    var stream = parameters.device().stream().handle();
    long count = parameter.shape().count();
    int dtype = parameter.dtype().code();
    switch (distribution) {
      case RADEMACHER -> kernels.randomSign(stream, part.data(), key, offset, count, dtype);
      case NORMAL -> kernels.randomNormal(stream, part.data(), key, offset, count, 0, 1, dtype);
    }
    return part;
  }
}
