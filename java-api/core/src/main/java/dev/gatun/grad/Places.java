package dev.gatun.grad;

import dev.gatun.tensor.GradientSlot;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.util.Collection;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/// Where a walk for products leaves what it finds for parameters: `wanted` says for which, and
/// either gradients go to their slots and products to memory of the tape, or products go to the
/// slots and gradients nowhere.
record Places(Predicate<Tensor> wanted, boolean overGradients) {
  static final Places APART = new Places(_ -> true, false);

  Places only(Collection<Tensor> parameters) {
    Set<Tensor> chosen = Collections.newSetFromMap(new IdentityHashMap<>());
    chosen.addAll(parameters);
    return new Places(chosen::contains, overGradients);
  }

  Places inPlaceOfGradients() {
    return new Places(wanted, true);
  }

  Cotangents gradients(Tape tape) {
    return overGradients ? new Cotangents(tape, _ -> null) : new Cotangents(tape);
  }

  Cotangents products(Tape tape) {
    Map<Tensor, GradientSlot> made = new IdentityHashMap<>();
    return new Cotangents(
        tape,
        parameter -> {
          if (!wanted.test(parameter)) return null;
          if (overGradients) return parameter.slot().orElse(null);
          return made.computeIfAbsent(parameter, _ -> zeros(tape, parameter));
        });
  }

  /// Zeros, in case nothing arrives.
  private static GradientSlot zeros(Tape tape, Tensor parameter) {
    var flat = Shape.of(parameter.shape().count());
    return new GradientSlot(Tensor.zeros(tape, parameter.dtype().wide(), flat).data());
  }
}
