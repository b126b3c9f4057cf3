package dev.gatun.op;

import dev.gatun.ffi.Kernels;
import dev.gatun.memory.Scope;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import java.lang.foreign.MemorySegment;
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

  /// Memory for the duration of the scope that a kernel may write as it likes.
  public MemorySegment scratch(long count, DType dtype) {
    return scope.bytes(Math.multiplyExact(count, dtype.bytes()));
  }
}
