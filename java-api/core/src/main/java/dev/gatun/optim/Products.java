package dev.gatun.optim;

import dev.gatun.nn.Parameters;
import dev.gatun.tensor.GradientSlot;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.IdentityHashMap;
import java.util.Map;

/// A product for each parameter beside its gradient: an arena in the parameters' scope, laid out as
/// that of the gradients, in the wide type. The first product for a parameter overwrites what is
/// there, others are added.
final class Products {
  private final Parameters parameters;
  private final MemorySegment arena;
  private final Map<Tensor, GradientSlot> slots = new IdentityHashMap<>();

  Products(Parameters parameters) {
    this.parameters = parameters;
    var scope = parameters.scope();
    var wide = parameters.dtype().wide();
    arena = Tensor.zeros(scope, wide, Shape.of(parameters.count())).data();
    for (var name : parameters.names()) {
      var at = scope.at(arena, parameters.offset(name) * wide.bytes());
      slots.put(parameters.get(name), new GradientSlot(scope.device(), at));
    }
  }

  /// Where products go, by parameter.
  Map<Tensor, GradientSlot> slots() {
    return slots;
  }

  /// Forgets all: the next ones overwrite them.
  void forget() {
    for (var slot : slots.values()) slot.fresh(true);
  }

  /// The arena, with zeros where none has arrived.
  MemorySegment settled() {
    var device = parameters.device();
    int wide = parameters.dtype().wide().code();
    slots.forEach(
        (parameter, slot) -> {
          if (!slot.fresh()) return;
          long count = parameter.shape().count();
          device.kernels().fill(device.stream().handle(), slot.gradient(), count, 0, wide);
          slot.fresh(false);
        });
    return arena;
  }
}
