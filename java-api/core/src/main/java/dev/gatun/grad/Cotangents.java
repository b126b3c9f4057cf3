package dev.gatun.grad;

import dev.gatun.op.Spec;
import dev.gatun.tensor.GradientSlot;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/// The gradients, or the tangents of gradients, that a backward walk holds at a moment, by tensor.
/// Those by parameters go to slots. The memory of one that has been passed on serves the next of
/// the same size.
final class Cotangents {
  private final Tape tape;
  private final Function<Tensor, GradientSlot> slots;
  private final Map<Tensor, Tensor> held = new IdentityHashMap<>();
  private final Map<Long, Deque<MemorySegment>> spare = new HashMap<>();
  /// The values whose gradient belongs to another.
  private final Set<Tensor> lent = Collections.newSetFromMap(new IdentityHashMap<>());

  /// Gradients, in the parameters' own slots.
  Cotangents(Tape tape) {
    this(tape, tensor -> tensor.slot().orElse(null));
  }

  /// `slots` answers with the slot for a parameter, or null where its gradient is not wanted.
  Cotangents(Tape tape, Function<Tensor, GradientSlot> slots) {
    this.tape = tape;
    this.slots = slots;
  }

  void seed(Tensor loss, double value) {
    held.put(loss, Tensor.filled(tape, loss.dtype(), loss.shape(), value));
  }

  /// Begins with a gradient that belongs to another: it is read and no more. A second one for the
  /// same value is added to a copy.
  void lend(Tensor value, Tensor gradient) {
    if (held.containsKey(value)) {
      var sum = owned(value);
      tape.accumulate(sum.data(), gradient.data(), value.shape(), value.dtype().code());
      return;
    }
    held.put(value, gradient);
    lent.add(value);
  }

  /// What is held for `value`, which more may be added to.
  private Tensor owned(Tensor value) {
    var there = held.get(value);
    if (!lent.remove(value)) return there;
    var copy = tape.copied(there);
    held.put(value, copy);
    return copy;
  }

  /// What has arrived at a segment's values has arrived at the results of its new run instead.
  void handOver(List<Tensor> values, List<Tensor> results) {
    for (int i = 0; i < values.size(); i++) handOver(values.get(i), results.get(i));
  }

  private void handOver(Tensor value, Tensor result) {
    var arrived = held.get(value);
    if (arrived == null) return;
    held.put(result, arrived);
    boolean stays = tape.isWatched(value);
    if (!stays) held.remove(value);
    if (stays || lent.remove(value)) lent.add(result);
  }

  /// Whether any gradient has arrived at the node's values.
  boolean reach(Node node) {
    for (var value : node.values()) if (held.containsKey(value)) return true;
    return false;
  }

  /// The gradient by `value`; where none has arrived, null if that will do, else zeros.
  Tensor of(Tensor value, boolean nullWillDo) {
    var there = held.get(value);
    if (there != null || nullWillDo) return there;
    return Tensor.zeros(tape, value.dtype(), value.shape());
  }

  /// The gradient by `tensor`, or null.
  Tensor gradient(Tensor tensor) {
    if (tensor.slot().isEmpty()) return held.get(tensor);
    var slot = slots.apply(tensor);
    return slot == null
        ? null
        : Tensor.over(tape, slot.gradient(), tensor.dtype().wide(), tensor.shape(), null);
  }

  /// What has arrived at `value`, or null.
  Tensor heldBy(Tensor value) {
    return held.get(value);
  }

  /// Where a node's pullback writes: one place for each floating-point input, in order.
  Destinations destinations(OpNode node, List<Spec> specs) {
    var destinations = new Destinations(specs.size());
    int next = 0;
    for (var input : node.inputs()) {
      if (!input.dtype().isFloating()) continue;
      if (tape.isDifferentiable(input)) destinations.add(next, input, specs.get(next));
      next++;
    }
    return destinations;
  }

  void release(List<Tensor> values) {
    for (var value : values) {
      if (tape.isWatched(value)) continue;
      var passed = held.remove(value);
      if (passed != null && !lent.remove(value))
        spare.computeIfAbsent(bytes(passed), _ -> new ArrayDeque<>()).push(passed.data());
    }
  }

  private static long bytes(Tensor tensor) {
    return tensor.shape().count() * tensor.dtype().bytes();
  }

  /// A recording finds out itself what may lie where.
  private MemorySegment memory(Spec spec) {
    if (tape.device().isRecording()) return tape.bytes(spec.bytes());
    var free = spare.get(spec.bytes());
    return free == null || free.isEmpty() ? tape.bytes(spec.bytes()) : free.pop();
  }

  /// The outputs of one pullback. A tensor that is an argument twice gets its second gradient
  /// through a detour, since a kernel may write its outputs in any order.
  final class Destinations {
    private final MemorySegment[] addresses;
    private final Map<Tensor, MemorySegment> given = new IdentityHashMap<>();
    private final List<Runnable> afterwards = new ArrayList<>();
    private int fresh;

    Destinations(int count) {
      addresses = new MemorySegment[count];
    }

    MemorySegment[] addresses() {
      return addresses;
    }

    int fresh() {
      return fresh;
    }

    /// Whether any of them is wanted. Kernels of a single gradient must have a place for it.
    boolean areWanted() {
      for (var address : addresses) if (address != null) return true;
      return false;
    }

    void settle() {
      afterwards.forEach(Runnable::run);
    }

    void add(int i, Tensor input, Spec spec) {
      if (given.containsKey(input)) {
        detour(i, given.get(input), spec);
        return;
      }
      if (input.slot().isEmpty()) {
        addresses[i] = inTape(i, input, spec);
      } else {
        var slot = slots.apply(input);
        if (slot == null) return;
        addresses[i] = inSlot(i, slot);
      }
      given.put(input, addresses[i]);
    }

    private MemorySegment inSlot(int i, GradientSlot slot) {
      if (slot.fresh()) fresh |= 1 << i;
      slot.fresh(false);
      return slot.gradient();
    }

    private MemorySegment inTape(int i, Tensor input, Spec spec) {
      if (held.containsKey(input)) return owned(input).data();
      fresh |= 1 << i;
      var memory = memory(spec);
      held.put(input, Tensor.over(tape, memory, spec.dtype(), spec.shape(), null));
      return memory;
    }

    private void detour(int i, MemorySegment target, Spec spec) {
      var memory = memory(spec);
      addresses[i] = memory;
      fresh |= 1 << i;
      afterwards.add(() -> tape.accumulate(target, memory, spec.shape(), spec.dtype().code()));
    }
  }
}
