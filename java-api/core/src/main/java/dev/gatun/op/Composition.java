package dev.gatun.op;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/// The tangents of an op that is made of others: its parts, run one after the other, each argument
/// with its tangent.
final class Composition {
  private final Frame f;
  private final Frame t;

  Composition(Frame f, Frame t) {
    this.f = f;
    this.t = t;
  }

  /// An argument or an output of a part, and its tangent; `null` for zero or not wanted. Integers
  /// are their own tangents.
  record Dual(Spec spec, MemorySegment value, MemorySegment tangent, boolean fresh) {}

  Dual in(int i) {
    return new Dual(f.input(i), f.in(i), t.in(i), true);
  }

  Dual out(int i, Spec spec) {
    return new Dual(spec, f.out(i), t.out(i), true);
  }

  /// Output i of a pullback, of which the tangent alone is asked.
  Dual gradient(int i) {
    return new Dual(null, null, t.wants(i) ? t.out(i) : null, (t.fresh() >> i & 1) == 1);
  }

  Dual scratch(Spec spec) {
    return new Dual(spec, t.scratch(spec), t.scratch(spec), true);
  }

  void tangent(Op op, List<Dual> in, List<Dual> out) {
    op.tangent(frame(in, out, Dual::value), frame(in, out, Dual::tangent));
  }

  /// Gradients of which there is a value are computed too.
  void pullback(Op pullback, List<Dual> in, List<Dual> gradients) {
    var primal = frame(in, gradients, Dual::value);
    boolean asked = false;
    for (int i = 0; i < gradients.size(); i++) asked |= primal.wants(i);
    if (asked) pullback.forward(primal);
    pullback.tangent(primal, frame(in, gradients, Dual::tangent));
  }

  private Frame frame(List<Dual> in, List<Dual> out, Function<Dual, MemorySegment> part) {
    int fresh = 0;
    for (int i = 0; i < out.size(); i++) if (out.get(i).fresh()) fresh |= 1 << i;
    return f.part(
        in.stream().map(Dual::spec).toList(), addresses(in, part), addresses(out, part), fresh);
  }

  private static MemorySegment[] addresses(List<Dual> duals, Function<Dual, MemorySegment> part) {
    return duals.stream().map(part).toArray(MemorySegment[]::new);
  }

  /// `some`, and `last` behind them if there is one.
  static List<Dual> with(boolean there, Dual last, Dual... some) {
    var all = new ArrayList<>(List.of(some));
    if (there) all.add(last);
    return all;
  }
}
