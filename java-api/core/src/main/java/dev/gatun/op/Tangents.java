package dev.gatun.op;

import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;

/// Tangents that need no kernels of their own: of ops that are linear in their arguments, together
/// or each on its own.
final class Tangents {
  private Tangents() {}

  /// An argument in which some outputs are linear. The other outputs do not depend on it.
  record Slot(int input, int... outputs) {}

  /// Of an op that is linear in all of its floating-point inputs together.
  static void linear(Op op, Frame f, Frame t) {
    var frame = t;
    for (int i = 0; i < f.inputs().size(); i++) {
      if (t.in(i) == null) frame = frame.with(i, t.zeros(f.input(i)));
    }
    op.forward(frame);
  }

  /// Of a pullback that is linear in its cotangent, input `cotangent`, and depends on nothing else
  /// that has a tangent.
  static void linearPullback(Op pullback, Frame f, Frame t, int cotangent) {
    int count = pullback.shapes(f.inputs()).values().size();
    var all = new int[count];
    for (int i = 0; i < count; i++) all[i] = i;
    multilinear(pullback, f, t, pullback::forward, new Slot(cotangent, all));
  }

  /// Of a pullback each of whose outputs is linear in each of the arguments that it depends on: the
  /// sum of its runs with one argument replaced by its tangent.
  static void multilinear(Op pullback, Frame f, Frame t, Consumer<Frame> run, Slot... slots) {
    int fresh = t.fresh();
    for (var slot : slots) {
      if (t.in(slot.input()) == null) continue;
      var frame = f.with(slot.input(), t.in(slot.input())).into(t, fresh, slot.outputs());
      boolean wanted = false;
      for (int output : slot.outputs()) wanted |= frame.wants(output);
      if (!wanted) continue;
      run.accept(frame);
      for (int output : slot.outputs()) fresh &= ~(1 << output);
    }
    zeroFresh(pullback, f, t, fresh);
  }

  /// What is wanted and still fresh becomes zero.
  static void zeroFresh(Op pullback, Frame f, Frame t, int fresh) {
    var values = pullback.shapes(f.inputs()).values();
    for (int i = 0; i < values.size(); i++) {
      if (t.wants(i) && (fresh >> i & 1) == 1) t.zero(t.out(i), values.get(i));
    }
  }

  /// The tangent of input i, or zeros.
  static MemorySegment orZeros(Frame f, Frame t, int i) {
    return t.in(i) != null ? t.in(i) : t.zeros(f.input(i));
  }
}
