package dev.gatun.grad;

import dev.gatun.tensor.GradientSlot;
import dev.gatun.tensor.Tensor;
import java.util.Collection;
import java.util.Map;

/// Exact products of a loss's Hessian with a direction. One walk forwards over what a tape has
/// recorded finds the tangents, one walk backwards finds gradient and product together: no finite
/// differences, and no second tape.
///
/// `var product = HessianVector.along(direction).of(tape, loss); product.of(parameter)`
public final class HessianVector implements VectorProduct {
  private final Direction direction;
  private final Places places;

  private HessianVector(Direction direction, Places places) {
    this.direction = direction;
    this.places = places;
  }

  /// Products with this direction. The gradients go where those of [Tape#backward] go.
  public static HessianVector along(Direction direction) {
    return new HessianVector(direction, Places.APART);
  }

  @Override
  public HessianVector only(Collection<Tensor> parameters) {
    return new HessianVector(direction, places.only(parameters));
  }

  @Override
  public HessianVector inPlaceOfGradients() {
    return new HessianVector(direction, places.inPlaceOfGradients());
  }

  /// The product alone: the gradients of parameters are neither computed nor touched.
  public HessianVector withoutGradients() {
    return new HessianVector(direction, places.withoutGradients());
  }

  /// The products of these parameters go to these slots, each added to what is not fresh there, in
  /// the parameters' wide type: so those of several tapes add up.
  public HessianVector into(Map<Tensor, GradientSlot> slots) {
    return new HessianVector(direction, places.into(slots));
  }

  /// Gradient and product, from the same two walks.
  public record Both(Gradients gradient, Gradients product) {}

  @Override
  public Gradients of(Tape tape, Tensor loss, double seed) {
    return both(tape, loss, seed).product();
  }

  /// Gradient and product of `seed` times the loss. The gradient is where it was told to go.
  public Both both(Tape tape, Tensor loss, double seed) {
    tape.requireLoss("hessian-vector product", loss);
    var tangents = new TangentWalk(tape, direction);
    tangents.run(tape);
    var gradients = places.gradients(tape);
    var products = places.products(tape);
    gradients.seed(loss, seed);
    new DualWalk(gradients, products, tangents).run(tape);
    return new Both(new Gradients(gradients), new Gradients(products));
  }
}
