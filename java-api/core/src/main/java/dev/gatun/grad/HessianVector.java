package dev.gatun.grad;

import dev.gatun.memory.Scope;
import dev.gatun.op.Frame;
import dev.gatun.tensor.Tensor;
import java.util.Collection;

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
    tangents.run();
    var gradients = places.gradients(tape);
    var products = places.products(tape);
    gradients.seed(loss, seed);
    for (var node : tape.nodes().reversed()) {
      if (!gradients.reach(node)) continue;
      try (var work = tape.device().scope()) {
        pull(tape, node, gradients, products, tangents, work);
      }
    }
    return new Both(new Gradients(gradients), new Gradients(products));
  }

  private static void pull(
      Tape tape,
      Tape.Node node,
      Cotangents gradients,
      Cotangents products,
      TangentWalk tangents,
      Scope work) {
    var pullback = node.op().pullback();
    var run = PullbackRun.of(tape, node, gradients);
    var specs = pullback.shapes(run.specs()).values();
    var moved = tangents.of(run.inputs(), work);
    int first = moved.length - node.values().size();
    for (int i = 0; i < node.values().size(); i++) {
      var product = products.heldBy(node.values().get(i));
      moved[first + i] = product == null ? null : product.data();
    }
    var into = gradients.destinations(node, specs);
    var frame = run.frame(work, into.addresses(), into.fresh());
    pullback.forward(frame);
    if (!TangentWalk.areAllZero(run.inputs(), moved)) {
      var tangentsInto = products.destinations(node, specs);
      pullback.tangent(
          frame,
          new Frame(work, run.specs(), moved, tangentsInto.addresses(), tangentsInto.fresh()));
      tangentsInto.settle();
    }
    into.settle();
    gradients.release(node.values());
    products.release(node.values());
  }
}
