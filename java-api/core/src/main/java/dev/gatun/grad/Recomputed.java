package dev.gatun.grad;

import dev.gatun.InvalidArgument;
import dev.gatun.tensor.Tensor;
import java.util.List;
import java.util.function.UnaryOperator;

/// Activations that a walk backwards computes again, so that no tape has to hold them until then:
/// also called activation checkpointing. It trades time for memory.
///
/// ```
/// var y = Recomputed.of(in -> List.of(in.getFirst().linear(w, b).gelu()), x).getFirst();
/// ```
public final class Recomputed {
  private Recomputed() {}

  /// What `segment`, a function of tensors, makes of `inputs`. Of all that it computes a tape keeps
  /// copies of the results alone. Each walk over the tape runs the segment again and holds what
  /// lies inside for as long as it is there: once for a gradient, twice for a product with the
  /// Hessian or the Gauss-Newton matrix. Gradients and products have the bits that they have
  /// without this. Where the innermost scope is no tape this is just the function.
  ///
  /// The segment must do the same each time: its inputs, and whatever else it reads, parameters or
  /// other tensors, must keep what they hold until the last walk. Its results must be those of
  /// operations in it, not its inputs themselves. There may be any number of them, in any shapes,
  /// and a segment may hold others: an inner one then runs once more for each run of the outer one
  /// that a walk goes through.
  ///
  /// Throws [InvalidArgument] for no inputs, for results of another making, for a scope left open
  /// in it, and, when it runs again, for results of another number, shape or type;
  /// [dev.gatun.ClosedTensor] for inputs or results whose scope is closed.
  public static List<Tensor> of(UnaryOperator<List<Tensor>> segment, Tensor... inputs) {
    if (inputs.length == 0) {
      throw new InvalidArgument("recomputed segment: takes tensors, got none");
    }
    var device = inputs[0].device();
    return device.innermost() instanceof Tape tape
        ? tape.recomputed(segment, List.of(inputs))
        : segment.apply(List.of(inputs));
  }
}
