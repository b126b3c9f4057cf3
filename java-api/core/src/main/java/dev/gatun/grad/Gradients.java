package dev.gatun.grad;

import dev.gatun.InvalidArgument;
import dev.gatun.tensor.Tensor;

/// What a backward walk found.
public final class Gradients {
  private final Cotangents cotangents;

  Gradients(Cotangents cotangents) {
    this.cotangents = cotangents;
  }

  /// The gradient by a parameter or a watched tensor, of its shape and wide type; it lives as long
  /// as the tape.
  public Tensor of(Tensor tensor) {
    var gradient = cotangents.gradient(tensor);
    if (gradient == null) throw new InvalidArgument(refusal(tensor));
    return gradient;
  }

  private static String refusal(Tensor tensor) {
    return "no gradient by a %s of shape %s: %s"
        .formatted(
            tensor.slot().isPresent() ? "parameter" : "tensor",
            tensor.shape(),
            tensor.slot().isPresent()
                ? "the walk was told to leave it out"
                : "it is no parameter, is not watched, or nothing has arrived at it");
  }
}
