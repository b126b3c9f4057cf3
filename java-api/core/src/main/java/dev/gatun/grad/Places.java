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

/// Where a walk for products leaves what it finds for parameters: `wanted` says for which, `given`
/// where products are to be added up that do not go to the parameters' slots.
record Places(Predicate<Tensor> wanted, Slots slots, Map<Tensor, GradientSlot> given) {
  static final Places APART = new Places(_ -> true, Slots.GRADIENTS, Map.of());

  /// What goes to the parameters' slots. Products that do not go there, nor to a given one, go to
  /// memory of the tape, gradients that do not go there nowhere.
  private enum Slots {
    GRADIENTS,
    PRODUCTS,
    NOTHING
  }

  Places only(Collection<Tensor> parameters) {
    Set<Tensor> chosen = Collections.newSetFromMap(new IdentityHashMap<>());
    chosen.addAll(parameters);
    return new Places(chosen::contains, slots, given);
  }

  Places inPlaceOfGradients() {
    return new Places(wanted, Slots.PRODUCTS, given);
  }

  Places withoutGradients() {
    return new Places(wanted, Slots.NOTHING, given);
  }

  Places into(Map<Tensor, GradientSlot> others) {
    return new Places(wanted, slots, others);
  }

  Cotangents gradients(Tape tape) {
    return slots == Slots.GRADIENTS ? new Cotangents(tape) : new Cotangents(tape, _ -> null);
  }

  Cotangents products(Tape tape) {
    Map<Tensor, GradientSlot> made = new IdentityHashMap<>();
    return new Cotangents(
        tape,
        parameter -> {
          if (!wanted.test(parameter)) return null;
          if (slots == Slots.PRODUCTS) return parameter.slot().orElse(null);
          var there = given.get(parameter);
          if (there != null) return there;
          return made.computeIfAbsent(parameter, _ -> zeros(tape, parameter));
        });
  }

  /// Zeros, in case nothing arrives.
  private static GradientSlot zeros(Tape tape, Tensor parameter) {
    var flat = Shape.of(parameter.shape().count());
    return new GradientSlot(
        tape.device(), Tensor.zeros(tape, parameter.dtype().wide(), flat).data());
  }
}
