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

  /// The product of `seed` times the loss. No gradient is computed. It is zero where the loss does
  /// not depend on what the direction moves.
  @Override
  public Gradients of(Tape tape, Tensor loss, double seed) {
    tape.requireLoss("gauss-newton-vector product", loss);
    var tangents = new TangentWalk(tape, direction);
    tangents.run(tape);
    var products = places.products(tape);
    walk(tape, loss, seed, products, tangents);
    return new Gradients(products);
  }

  private static void walk(
      Tape tape, Tensor loss, double seed, Cotangents products, TangentWalk tangents) {
    var nodes = tape.nodes();
    int last = nodes.size() - 1;
    while (last >= 0 && !nodes.get(last).values().contains(loss)) last--;
    if (last < 0) {
      throw new InvalidArgument(
          "gauss-newton-vector product: the loss is a watched tensor; it must be the value of an op");
    }
    switch (nodes.get(last)) {
      case OpNode op -> curve(tape, op, loss, seed, products, tangents);
      case SegmentNode segment -> {
        try (var again = segment.again(tape)) {
          tangents.run(again.tape());
          var inside = again.results().get(segment.values().indexOf(loss));
          walk(again.tape(), inside, seed, products, tangents);
        }
      }
    }
    new BackwardWalk(products).run(tape, nodes.subList(0, last));
  }

  private static void curve(
      Tape tape, OpNode node, Tensor loss, double seed, Cotangents products, TangentWalk tangents) {
    var pullback = node.op().pullback();
    var seeds = new Cotangents(tape);
    seeds.seed(loss, seed);
    var run = PullbackRun.of(tape, node, seeds);
    try (var work = tape.device().scope()) {
      var moved = tangents.of(run.inputs(), node.values(), work);
      moved[moved.length - 1] = null;
      if (TangentWalk.areAllZero(run.inputs(), moved)) return;
      var into = products.destinations(node, pullback.shapes(run.specs()).values());
      if (!into.areWanted()) return;
      var frame = run.frame(work, into.addresses(), into.fresh());
      pullback.gaussNewton(
          frame, new Frame(work, run.specs(), moved, into.addresses(), into.fresh()));
      into.settle();
    }
  }
}
