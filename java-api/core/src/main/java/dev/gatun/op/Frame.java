package dev.gatun.op;

import dev.gatun.ffi.Kernels;
import dev.gatun.memory.Scope;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// One run of an op: where its arguments lie. Ops call kernels with these addresses and keep none
/// of them.
public final class Frame {
  private final Scope scope;
  private final List<Spec> inputs;
  private final MemorySegment[] in;
  private final MemorySegment[] out;
  private final int fresh;

  /// `in` and `out` hold `null` where an argument is absent or an output is not wanted. Bit i of
  /// `fresh` says that output i of a pullback is overwritten rather than added into.
  public Frame(Scope scope, List<Spec> inputs, MemorySegment[] in, MemorySegment[] out, int fresh) {
    this.scope = scope;
    this.inputs = inputs;
    this.in = in;
    this.out = out;
    this.fresh = fresh;
  }

  public Kernels kernels() {
    return scope.device().kernels();
  }

  public MemorySegment stream() {
    return scope.device().stream().handle();
  }

  public MemorySegment in(int i) {
    return in[i];
  }

  /// Values, then saved, then kept outputs.
  public MemorySegment out(int i) {
    return out[i];
  }

  public int fresh() {
    return fresh;
  }

  public Spec input(int i) {
    return inputs.get(i);
  }

  public Shape shape(int i) {
    return inputs.get(i).shape();
  }

  /// The code of the activations' type, which is that of the first input.
  public int dtype() {
    return inputs.getFirst().dtype().code();
  }

  /// The same run with another address for input i.
  Frame with(int i, MemorySegment address) {
    var other = in.clone();
    other[i] = address;
    return new Frame(scope, inputs, other, out, fresh);
  }

  /// A run on these inputs whose outputs are those of `other`, of which only some are wanted.
  Frame into(Frame other, int fresh, int... wanted) {
    var some = new MemorySegment[other.out.length];
    for (int i : wanted) some[i] = other.out[i];
    return new Frame(scope, inputs, in, some, fresh);
  }

  /// A run of another op within this one.
  Frame part(List<Spec> specs, MemorySegment[] in, MemorySegment[] out, int fresh) {
    return new Frame(scope, specs, in, out, fresh);
  }

  /// A run whose inputs end with the first `count` of these and one more, like the last.
  Frame endingWith(int count, MemorySegment last) {
    var specs = new ArrayList<>(inputs.subList(0, count));
    specs.add(inputs.getLast());
    var some = Arrays.copyOf(in, count + 1);
    some[count] = last;
    return new Frame(scope, specs, some, out, fresh);
  }

  /// A run on these inputs whose one output goes to `address`.
  Frame into(MemorySegment address) {
    return new Frame(scope, inputs, in, new MemorySegment[] {address}, 0);
  }

  /// Whether output i is wanted.
  boolean wants(int i) {
    return i < out.length && out[i] != null;
  }

  List<Spec> inputs() {
    return inputs;
  }

  /// Memory full of zeros for the duration of the scope.
  MemorySegment zeros(Spec spec) {
    var memory = scope.bytes(spec.bytes());
    zero(memory, spec);
    return memory;
  }

  void zero(MemorySegment to, Spec spec) {
    kernels().fill(stream(), to, spec.shape().count(), 0, spec.dtype().code());
  }

  /// to += from.
  void add(MemorySegment to, MemorySegment from, Spec spec) {
    long count = spec.shape().count();
    kernels().reducePullback(stream(), to, from, count, 1, 1, Kernels.SUM, 0, spec.dtype().code());
  }

  MemorySegment scratch(Spec spec) {
    return scope.bytes(spec.bytes());
  }

  /// Memory for the duration of the scope that a kernel may write as it likes.
  public MemorySegment scratch(long count, DType dtype) {
    return scope.bytes(Math.multiplyExact(count, dtype.bytes()));
  }
}
