package dev.gatun.grad;

import java.util.List;

/// A walk backwards that carries cotangents to parameters and watched tensors.
record BackwardWalk(Cotangents cotangents) {
  /// Through `nodes`, the first ones of `tape`, from the last to the first.
  void run(Tape tape, List<Node> nodes) {
    for (var node : nodes.reversed()) if (cotangents.reach(node)) pull(tape, node);
  }

  private void pull(Tape tape, Node node) {
    switch (node) {
      case OpNode op -> pull(tape, op);
      case SegmentNode segment -> pull(tape, segment);
    }
  }

  private void pull(Tape tape, OpNode node) {
    var run = PullbackRun.of(tape, node, cotangents);
    var pullback = node.op().pullback();
    var wanted = cotangents.destinations(node, pullback.shapes(run.specs()).values());
    if (wanted.areWanted()) {
      pullback.forward(run.frame(tape, wanted.addresses(), wanted.fresh()));
      wanted.settle();
    }
    cotangents.release(node.values());
  }

  private void pull(Tape tape, SegmentNode segment) {
    try (var again = segment.again(tape)) {
      cotangents.handOver(segment.values(), again.results());
      run(again.tape(), again.tape().nodes());
    }
  }
}
