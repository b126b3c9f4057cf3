package dev.gatun.grad;

import dev.gatun.InvalidArgument;
import dev.gatun.memory.Scope;
import dev.gatun.tensor.Tensor;
import java.util.IdentityHashMap;
import java.util.Map;

/// A direction in the space of parameters and watched tensors. It is asked for a tensor's part each
/// time that is needed, so that a direction that can be computed need never be stored whole. For a
/// watched result of an operation it says what is added to the tangent that comes through it.
@FunctionalInterface
public interface Direction {
  /// The part of `parameter`, of its shape and type, or null for zero. It may be made in `scope`,
  /// which ends when that part has been used.
  Tensor along(Tensor parameter, Scope scope);

  /// A direction whose parts are there; it is zero along all other tensors.
  static Direction of(Map<Tensor, Tensor> parts) {
    var byIdentity = new IdentityHashMap<Tensor, Tensor>();
    parts.forEach(
        (parameter, part) -> {
          if (!part.shape().equals(parameter.shape()) || part.dtype() != parameter.dtype()) {
            throw new InvalidArgument(
                "the direction along a parameter %s %s is %s %s"
                    .formatted(parameter.shape(), parameter.dtype(), part.shape(), part.dtype()));
          }
          byIdentity.put(parameter, part);
        });
    return (parameter, _) -> byIdentity.get(parameter);
  }
}
