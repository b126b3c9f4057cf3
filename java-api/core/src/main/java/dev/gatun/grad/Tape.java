package dev.gatun.grad;

import dev.gatun.InvalidArgument;
import dev.gatun.ffi.Kernels;
import dev.gatun.memory.Device;
import dev.gatun.memory.Scope;
import dev.gatun.op.Op;
import dev.gatun.op.Recorder;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;

/// A scope that records the operations run in it, so that [#backward] can walk them from the last
/// to the first. Only what depends on parameters or [watched][#watch] tensors is recorded. A plain
/// scope opened inside a tape is inference: nothing in it is recorded.
///
/// `try (var tape = Tape.open(device)) { var loss = …; tape.backward(loss); }`
public final class Tape extends Scope implements Recorder {
  private final List<Node> nodes = new ArrayList<>();
  private final Tape outer;
  private final Tape outermost;
  private final Set<Tensor> watched;
  private long recomputedBytes;

  private Tape(Device device, long capBytes) {
    super(device, capBytes);
    outer = null;
    outermost = this;
    watched = Collections.newSetFromMap(new IdentityHashMap<>());
  }

  private Tape(Tape outer) {
    super(outer.device(), 0);
    this.outer = outer;
    outermost = outer.outermost;
    watched = outer.watched;
  }

  public static Tape open(Device device) {
    return new Tape(device, 0);
  }

  /// A tape that may allocate at most `capBytes`, what is recomputed not counted.
  public static Tape open(Device device, long capBytes) {
    return new Tape(device, capBytes);
  }

  /// Asks for the gradient by a tensor that is no parameter. Where it is the result of an operation
  /// recorded here, nothing else changes: gradients pass through it to what lies before, and so do
  /// tangents to what lies behind. A direction that has a part for such a result adds it to the
  /// tangent that comes through, as if a tensor of zeros were added to the result and moved.
  public Tensor watch(Tensor tensor) {
    watched.add(tensor);
    return tensor;
  }

  @Override
  public boolean matters(List<Tensor> inputs) {
    for (var input : inputs) if (isDifferentiable(input)) return true;
    return false;
  }

  @Override
  public void record(Op op, List<Tensor> inputs, List<Tensor> values, List<Tensor> saved) {
    nodes.add(new OpNode(op, inputs, values, saved));
  }

  /// The results of a segment, copied here; all else that it computed is given back. One that is
  /// there twice stays one, so that its gradients meet as they would without this.
  List<Tensor> recomputed(UnaryOperator<List<Tensor>> segment, List<Tensor> inputs) {
    try (var run = SegmentRun.of(this, segment, inputs)) {
      var copies = new IdentityHashMap<Tensor, Tensor>();
      for (var result : run.results()) copies.computeIfAbsent(result, this::copied);
      var values = run.results().stream().map(copies::get).toList();
      if (matters(values)) nodes.add(new SegmentNode(segment, inputs, values));
      return values;
    }
  }

  /// A tape for one run of a segment. What matters here matters there, and the other way round.
  Tape nested() {
    return new Tape(this);
  }

  /// The most bytes that runs of recomputed segments have held at a moment beside this tape.
  public long recomputedBytes() {
    return recomputedBytes;
  }

  @Override
  public void close() {
    super.close();
    if (outer == null) return;
    outer.recomputedBytes = Math.max(outer.recomputedBytes, usedBytes() + recomputedBytes);
  }

  /// The gradients of a scalar recorded here. Those of parameters go to their slots, added to what
  /// is there unless the slot is fresh; those of watched tensors live in this tape.
  public Gradients backward(Tensor loss) {
    return backward(loss, 1);
  }

  /// The same with `seed` as the derivative by the loss itself: 1/n when n micro-steps are
  /// accumulated to their mean.
  public Gradients backward(Tensor loss, double seed) {
    requireLoss("backward", loss);
    var cotangents = new Cotangents(this);
    cotangents.seed(loss, seed);
    return walk(cotangents);
  }

  /// The gradients of whatever scalar has these gradients by these values recorded here, one for
  /// each, of its shape and type: a product of the values' Jacobian, transposed, with a vector. The
  /// given gradients are read, and stay as they are.
  public Gradients backward(List<Tensor> values, List<Tensor> gradients) {
    if (values.size() != gradients.size()) {
      throw new InvalidArgument(
          "backward: %d values have %d gradients; each needs one"
              .formatted(values.size(), gradients.size()));
    }
    for (int i = 0; i < values.size(); i++) requireGradient(values.get(i), gradients.get(i));
    var cotangents = new Cotangents(this);
    for (int i = 0; i < values.size(); i++) cotangents.lend(values.get(i), gradients.get(i));
    return walk(cotangents);
  }

  private Gradients walk(Cotangents cotangents) {
    new BackwardWalk(cotangents).run(this, nodes);
    return new Gradients(cotangents);
  }

  private void requireGradient(Tensor value, Tensor gradient) {
    value.requireUsable("backward", device());
    gradient.requireUsable("backward", device());
    if (!isRecordedHere(value) && !isWatched(value)) {
      throw new InvalidArgument(
          "backward: this tape has not recorded a value of shape %s, or it depends on no parameter"
              .formatted(value.shape()));
    }
    if (!value.shape().equals(gradient.shape()) || value.dtype() != gradient.dtype()) {
      throw new InvalidArgument("backward: %s is no gradient of %s".formatted(gradient, value));
    }
  }

  /// Fails, in the name of who asks, unless `loss` is a scalar recorded here.
  void requireLoss(String who, Tensor loss) {
    loss.requireUsable(who, device());
    if (loss.shape().count() != 1) {
      throw new InvalidArgument(
          "%s: the loss has shape %s; it must be one element".formatted(who, loss.shape()));
    }
    if (!isRecordedHere(loss) && !isWatched(loss)) {
      throw new InvalidArgument(
          who + ": this tape has not recorded the loss, or it depends on no parameter");
    }
  }

  boolean isDifferentiable(Tensor tensor) {
    return tensor.slot().isPresent() || isRecordedHere(tensor) || isWatched(tensor);
  }

  private boolean isRecordedHere(Tensor tensor) {
    return tensor.isRecorded()
        && tensor.scope() instanceof Tape tape
        && tape.outermost == outermost;
  }

  boolean isWatched(Tensor tensor) {
    return !watched.isEmpty() && watched.contains(tensor);
  }

  /// What has been recorded, in order.
  List<Node> nodes() {
    return nodes;
  }

  /// to += from, both floating-point.
  void accumulate(MemorySegment to, MemorySegment from, Shape shape, int dtype) {
    device()
        .kernels()
        .reducePullback(
            device().stream().handle(), to, from, shape.count(), 1, 1, Kernels.SUM, 0, dtype);
  }

  /// Its elements in memory of this tape, as much recorded as it is.
  Tensor copied(Tensor tensor) {
    var copy = Tensor.uninitialized(this, tensor.dtype(), tensor.shape(), tensor.isRecorded());
    long bytes = tensor.shape().count() * tensor.dtype().bytes();
    device().kernels().copy(device().stream().handle(), copy.data(), tensor.data(), bytes);
    return copy;
  }
}
