package dev.gatun.grad;

import dev.gatun.memory.Scope;
import dev.gatun.op.Frame;

/// A walk backwards that carries gradients and their tangents together.
record DualWalk(Cotangents gradients, Cotangents products, TangentWalk tangents) {
  void run(Tape tape) {
    for (var node : tape.nodes().reversed()) if (gradients.reach(node)) pull(tape, node);
  }

  private void pull(Tape tape, Node node) {
    switch (node) {
      case OpNode op -> {
        try (var work = tape.device().scope()) {
          pull(tape, op, work);
        }
      }
      case SegmentNode segment -> pull(tape, segment);
    }
  }

  private void pull(Tape tape, SegmentNode segment) {
    try (var again = segment.again(tape)) {
      tangents.run(again.tape());
      gradients.handOver(segment.values(), again.results());
      products.handOver(segment.values(), again.results());
      run(again.tape());
    }
  }

  private void pull(Tape tape, OpNode node, Scope work) {
    var pullback = node.op().pullback();
    var run = PullbackRun.of(tape, node, gradients);
    var specs = pullback.shapes(run.specs()).values();
    var moved = tangents.of(run.inputs(), node.values(), work);
    int first = moved.length - node.values().size();
    for (int i = 0; i < node.values().size(); i++) {
      var product = products.heldBy(node.values().get(i));
      moved[first + i] = product == null ? null : product.data();
    }
    var into = gradients.destinations(node, specs);
    var frame = run.frame(work, into.addresses(), into.fresh());
    if (into.areWanted()) pullback.forward(frame);
    if (!TangentWalk.areAllZero(run.inputs(), moved)) {
      var tangentsInto = products.destinations(node, specs);
      if (tangentsInto.areWanted()) {
        pullback.tangent(
            frame,
            new Frame(work, run.specs(), moved, tangentsInto.addresses(), tangentsInto.fresh()));
      }
      tangentsInto.settle();
    }
    into.settle();
    gradients.release(node.values());
    products.release(node.values());
  }
}
