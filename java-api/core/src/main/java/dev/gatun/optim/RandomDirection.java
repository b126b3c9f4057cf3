package dev.gatun.optim;

import dev.gatun.grad.Direction;
import dev.gatun.memory.Scope;
import dev.gatun.nn.Parameters;
import dev.gatun.optim.Sophia.Probe;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.IdentityHashMap;
import java.util.Map;

/// A direction of independent random numbers in the space of all parameters, made a tensor at a
/// time by the counter generator each time it is asked for, and never stored whole: element i of
/// the arena is number i of the sequence that `key` names.
///
/// Each element times that of a matrix's product with this direction is an estimate of the matrix's
/// diagonal.
public final class RandomDirection implements Direction {
  private final Parameters parameters;
  private final Probe probe;
  private final MemorySegment key;
  private final Map<Tensor, Long> offsets = new IdentityHashMap<>();

  /// `key` is device memory: two I64, the seed and the sequence.
  public RandomDirection(Parameters parameters, Probe probe, MemorySegment key) {
    this.parameters = parameters;
    this.probe = probe;
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
    switch (probe) {
      case SIGNS -> kernels.randomSign(stream, part.data(), key, offset, count, dtype);
      case NORMALS -> kernels.randomNormal(stream, part.data(), key, offset, count, 0, 1, dtype);
    }
    return part;
  }

  /// mean = keep * mean + (1 - keep) * (this * product), element by element. Both are laid out as
  /// the parameters' arenas, in their wide type, and 0 between parameters.
  public void blend(MemorySegment mean, MemorySegment product, double keep) {
    var scope = parameters.scope();
    int bytes = parameters.dtype().wide().bytes();
    for (var part : parameters.parts()) {
      long at = part.first() * bytes;
      blend(
          scope.at(mean, at),
          scope.at(product, at),
          part.first(),
          part.count(),
          part.dtype(),
          keep);
    }
  }

  /// The same for one parameter, whose parts of mean and product these are.
  void blend(Tensor parameter, MemorySegment mean, MemorySegment product, double keep) {
    long first = offsets.get(parameter);
    blend(mean, product, first, parameter.shape().count(), parameter.dtype(), keep);
  }

  private void blend(
      MemorySegment mean, MemorySegment product, long first, long count, DType dtype, double keep) {
    parameters
        .device()
        .kernels()
        .curvatureHutchinson(
            parameters.device().stream().handle(),
            mean,
            product,
            key,
            first,
            count,
            keep,
            probe.code,
            dtype.code());
  }
}
