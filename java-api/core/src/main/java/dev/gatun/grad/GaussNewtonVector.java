package dev.gatun.grad;

import dev.gatun.InvalidArgument;
import dev.gatun.op.Frame;
import dev.gatun.tensor.Tensor;
import java.util.Collection;

/// Exact products of a loss's Gauss-Newton matrix with a direction: the Hessian without what the
/// network's own curvature adds, and never negative for a convex loss. One walk forwards finds how
/// what the loss judges moves; the loss's own Hessian turns that into a cotangent, which the
/// ordinary pullbacks carry to the parameters.
///
/// The loss must be the value of an op that is one: [dev.gatun.op.HeadLoss],
/// [dev.gatun.op.SoftmaxCrossEntropy] or [dev.gatun.op.SquaredError].
public final class GaussNewtonVector implements VectorProduct {
  private final Direction direction;
  private final Places places;

  private GaussNewtonVector(Direction direction, Places places) {
    this.direction = direction;
    this.places = places;
  }

  /// Products with this direction.
  public static GaussNewtonVector along(Direction direction) {
    return new GaussNewtonVector(direction, Places.APART);
  }

  @Override
  public GaussNewtonVector only(Collection<Tensor> parameters) {
    return new GaussNewtonVector(direction, places.only(parameters));
  }

  @Override
  public GaussNewtonVector inPlaceOfGradients() {
    return new GaussNewtonVector(direction, places.inPlaceOfGradients());
  }

  /// The product of `seed` times the loss. No gradient is computed.
  @Override
  public Gradients of(Tape tape, Tensor loss, double seed) {
    tape.requireLoss("gauss-newton-vector product", loss);
    var nodes = tape.nodes();
    int last = nodes.size() - 1;
    while (!nodes.get(last).values().contains(loss)) last--;
    var tangents = new TangentWalk(tape, direction);
    tangents.run();
    var products = places.products(tape);
    curve(tape, nodes.get(last), loss, seed, products, tangents);
    for (var node : nodes.subList(0, last).reversed()) {
      if (products.reach(node)) tape.pull(node, products);
    }
    return new Gradients(products);
  }

  private static void curve(
      Tape tape,
      Tape.Node node,
      Tensor loss,
      double seed,
      Cotangents products,
      TangentWalk tangents) {
    var pullback = node.op().pullback();
    var seeds = new Cotangents(tape);
    seeds.seed(loss, seed);
    var run = PullbackRun.of(tape, node, seeds);
    try (var work = tape.device().scope()) {
      var moved = tangents.of(run.inputs(), work);
      moved[moved.length - 1] = null;
      if (TangentWalk.areAllZero(run.inputs(), moved)) {
        throw new InvalidArgument("the loss does not depend on what the direction moves");
      }
      var into = products.destinations(node, pullback.shapes(run.specs()).values());
      var frame = run.frame(work, into.addresses(), into.fresh());
      pullback.gaussNewton(
          frame, new Frame(work, run.specs(), moved, into.addresses(), into.fresh()));
      into.settle();
    }
  }
}
