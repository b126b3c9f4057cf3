package dev.gatun.grad;

import dev.gatun.memory.Scope;
import dev.gatun.op.Frame;
import dev.gatun.op.Spec;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/// What a recorded op's pullback reads: what it says it reads, then the cotangents. `null` where
/// something is missing.
record PullbackRun(List<Tensor> inputs, List<Spec> specs) {
  static PullbackRun of(Tape tape, OpNode node, Cotangents cotangents) {
    var op = node.op();
    var inputs = new ArrayList<Tensor>();
    for (int i : op.reads().inputs()) inputs.add(node.inputs().get(i));
    for (int i : op.reads().values()) inputs.add(node.values().get(i));
    for (int i : op.reads().saved())
      inputs.add(i < node.saved().size() ? node.saved().get(i) : null);
    for (int i = 0; i < node.values().size(); i++)
      inputs.add(cotangents.of(node.values().get(i), op.mayMissCotangent(i)));
    var specs = new ArrayList<Spec>(inputs.size());
    for (var tensor : inputs) {
      if (tensor != null && !tensor.isUsableOn(tape.device()))
        tensor.requireUsable("backward of " + op.name(), tape.device());
      specs.add(tensor == null ? null : new Spec(tensor.shape(), tensor.dtype()));
    }
    return new PullbackRun(inputs, specs);
  }

  /// A run whose scratch memory lives in `scope`.
  Frame frame(Scope scope, MemorySegment[] out, int fresh) {
    return new Frame(scope, specs, addresses(inputs), out, fresh);
  }

  static MemorySegment[] addresses(List<Tensor> tensors) {
    var addresses = new MemorySegment[tensors.size()];
    for (int i = 0; i < addresses.length; i++) {
      addresses[i] = tensors.get(i) == null ? null : tensors.get(i).data();
    }
    return addresses;
  }
}
