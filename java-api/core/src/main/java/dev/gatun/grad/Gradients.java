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
    if (gradient == null) {
      throw new InvalidArgument(
          "no gradient by a tensor of shape %s: it is no parameter, is not watched, or the loss does not depend on it"
              .formatted(tensor.shape()));
    }
    return gradient;
  }
}
