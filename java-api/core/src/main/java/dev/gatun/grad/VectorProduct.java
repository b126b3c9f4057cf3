package dev.gatun.grad;

import dev.gatun.tensor.Tensor;
import java.util.Collection;

/// Exact products of a loss's matrix of curvature with a direction: of its Hessian, or of its
/// Gauss-Newton matrix.
public sealed interface VectorProduct permits HessianVector, GaussNewtonVector {
  /// Only the rows of these parameters, and of what is watched: those of the other parameters are
  /// neither computed nor stored. The direction stays whole, and so do gradients that come along.
  VectorProduct only(Collection<Tensor> parameters);

  /// The product itself goes where gradients of parameters go, added to what is not fresh there,
  /// and those are not computed: a product in no memory beyond that of training.
  VectorProduct inPlaceOfGradients();

  /// The product at what `tape` has recorded, of `seed` times the loss.
  Gradients of(Tape tape, Tensor loss, double seed);

  /// The product at what `tape` has recorded.
  default Gradients of(Tape tape, Tensor loss) {
    return of(tape, loss, 1);
  }
}
