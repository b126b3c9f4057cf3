package dev.gatun.nn;

import dev.gatun.grad.Recomputed;
import dev.gatun.tensor.Tensor;
import java.util.List;
import java.util.function.UnaryOperator;

/// What of each block of a [Gpt] a walk backwards computes again, so that no tape holds it until
/// then. More of it takes less memory and more time; gradients and products with curvature have the
/// same bits.
public enum Recompute {
  /// Nothing: a tape holds all that backward reads.
  NONE,

  /// The MLP, of which a tape holds what goes in and what comes out, (B, T, C) each, and no
  /// activation of its width.
  MLP,

  /// The whole block, of which a tape holds the stream and its norm that it hands on, (B, T, C)
  /// each.
  BLOCK;

  /// What `segment` makes of `inputs`; it is run again if this is the part that it is.
  List<Tensor> run(Recompute part, UnaryOperator<List<Tensor>> segment, Tensor... inputs) {
    return this == part ? Recomputed.of(segment, inputs) : segment.apply(List.of(inputs));
  }
}
