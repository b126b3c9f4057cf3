package dev.gatun.grad;

import dev.gatun.memory.Scope;
import dev.gatun.op.Frame;
import dev.gatun.op.Spec;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/// Walks a tape forwards once more and finds the tangents of all that has been recorded, along a
/// direction of the parameters. What is missing is zero. Of what lies in segments they live as long
/// as the segment's run.
///
/// A watched result moves by what comes through it and by what the direction has for it. The op
/// that made it sees the first alone: the direction moves the result, not what the op computes.
final class TangentWalk {
  private final Tape whole;
  private final Direction direction;
  /// As the ops that made them see them.
  private final Map<Tensor, Tensor> tangents = new IdentityHashMap<>();

  /// Of watched results that the direction moves, as those see them that read them.
  private final Map<Tensor, Tensor> pushed = new IdentityHashMap<>();

  TangentWalk(Tape whole, Direction direction) {
    this.whole = whole;
    this.direction = direction;
  }

  /// Finds those of what `tape` has recorded, which is the whole or nested in it.
  void run(Tape tape) {
    for (var node : tape.nodes()) {
      switch (node) {
        case OpNode op -> {
          try (var work = tape.device().scope()) {
            step(tape, op, work);
          }
        }
        case SegmentNode segment -> step(tape, segment);
      }
      for (var value : node.values()) if (whole.isWatched(value)) push(tape, value);
    }
  }

  private void push(Tape tape, Tensor value) {
    try (var work = tape.device().scope()) {
      var part = direction.along(value, work);
      if (part == null) return;
      var through = tangents.get(value);
      var sum = tape.copied(part);
      if (through != null) {
        tape.accumulate(sum.data(), through.data(), value.shape(), value.dtype().code());
      }
      pushed.put(value, sum);
    }
  }

  private void step(Tape tape, SegmentNode segment) {
    try (var again = segment.again(tape)) {
      run(again.tape());
      for (int i = 0; i < again.results().size(); i++) {
        var tangent = tangents.get(again.results().get(i));
        if (tangent != null) tangents.put(segment.values().get(i), tape.copied(tangent));
      }
    }
  }

  private void step(Tape tape, OpNode node, Scope work) {
    var tangentsIn = of(node.inputs(), List.of(), work);
    if (areAllZero(node.inputs(), tangentsIn)) return;
    var specs = new ArrayList<Spec>();
    for (var input : node.inputs()) {
      input.requireUsable("tangent of " + node.op().name(), tape.device());
      specs.add(new Spec(input.shape(), input.dtype()));
    }
    var out = new ArrayList<>(node.values());
    out.addAll(node.saved());
    var tangentsOut = new MemorySegment[out.size()];
    for (int i = 0; i < tangentsOut.length; i++) {
      int saved = i - node.values().size();
      var output = out.get(i);
      if (!output.dtype().isFloating() || saved >= 0 && node.op().mayMissTangent(saved)) continue;
      var tangent = Tensor.uninitialized(tape, output.dtype(), output.shape());
      tangents.put(output, tangent);
      tangentsOut[i] = tangent.data();
    }
    var in = PullbackRun.addresses(node.inputs());
    var frame = new Frame(work, specs, in, PullbackRun.addresses(out), 0);
    node.op().tangent(frame, new Frame(work, specs, tangentsIn, tangentsOut, 0));
  }

  /// The tangents of these tensors where they have one that is not zero; integers are themselves.
  /// Whoever asks has made the tensors `own`.
  MemorySegment[] of(List<Tensor> tensors, List<Tensor> own, Scope work) {
    var addresses = new MemorySegment[tensors.size()];
    for (int i = 0; i < addresses.length; i++) {
      var tensor = tensors.get(i);
      if (tensor == null) continue;
      var tangent = tensor.dtype().isFloating() ? of(tensor, own, work) : tensor;
      addresses[i] = tangent == null ? null : tangent.data();
    }
    return addresses;
  }

  private Tensor of(Tensor tensor, List<Tensor> own, Scope work) {
    if (tensor.slot().isPresent()) return direction.along(tensor, work);
    if (own.contains(tensor)) return tangents.get(tensor);
    var found = pushed.getOrDefault(tensor, tangents.get(tensor));
    return found == null && whole.isWatched(tensor) ? direction.along(tensor, work) : found;
  }

  static boolean areAllZero(List<Tensor> tensors, MemorySegment[] tangents) {
    for (int i = 0; i < tangents.length; i++) {
      var tensor = tensors.get(i);
      if (tensor != null && tensor.dtype().isFloating() && tangents[i] != null) return false;
    }
    return true;
  }
}
