package dev.gatun.op;

import dev.gatun.op.Binary.Kind;
import java.lang.foreign.MemorySegment;

/// The tangents of a function of two arguments and of its pullback, out of such functions: no
/// training step waits for them.
final class BinaryTangent {
  private final Kind kind;
  private final Frame f;
  private final Frame t;
  private final Spec a;
  private final Binary.Broadcast broadcast;

  BinaryTangent(Binary op, Frame f, Frame t) {
    this.kind = op.kind();
    this.f = f;
    this.t = t;
    this.a = f.input(0);
    this.broadcast = Binary.Broadcast.of(op, f.shape(0), f.shape(1));
  }

  /// ty, of the shape of a.
  void value() {
    var ta = Tangents.orZeros(f, t, 0);
    var tb = Tangents.orZeros(f, t, 1);
    switch (kind) {
      case ADD, SUBTRACT, REVERSE_SUBTRACT -> apply(kind, t.out(0), ta, tb);
      case MULTIPLY -> {
        apply(Kind.MULTIPLY, t.out(0), ta, f.in(1));
        t.add(t.out(0), apply(Kind.MULTIPLY, f.in(0), tb), a);
      }
      case DIVIDE -> { // (ta - y tb) / b
        var moved = elementwise(Kind.SUBTRACT, ta, apply(Kind.MULTIPLY, f.out(0), tb));
        apply(Kind.DIVIDE, t.out(0), moved, f.in(1));
      }
      case REVERSE_DIVIDE -> { // (tb - y ta) / a
        var moved = apply(Kind.REVERSE_SUBTRACT, elementwise(Kind.MULTIPLY, f.out(0), ta), tb);
        elementwise(Kind.DIVIDE, t.out(0), moved, f.in(0));
      }
    }
  }

  /// tda and tdb, from (a, b, dy) and their tangents.
  void gradients() {
    switch (kind) {
      case ADD, SUBTRACT, REVERSE_SUBTRACT -> Tangents.linearPullback(pullback(), f, t, 2);
      case MULTIPLY ->
          Tangents.multilinear(
              pullback(),
              f,
              t,
              pullback()::forward,
              new Tangents.Slot(2, 0, 1),
              new Tangents.Slot(0, 1),
              new Tangents.Slot(1, 0));
      case DIVIDE -> {
        // da = dy / b moves as if by tdy - dy tb / b; db = -sum(dy a) / b^2 as if by twice that
        // share of tb, and by ta.
        var product = apply(Kind.MULTIPLY, f.in(2), Tangents.orZeros(f, t, 1));
        var share = apply(Kind.DIVIDE, product, f.in(1));
        var moved = elementwise(Kind.SUBTRACT, Tangents.orZeros(f, t, 2), share);
        var twice = elementwise(Kind.SUBTRACT, moved, share);
        pullback().forward(f.with(2, moved).into(t, t.fresh(), 0));
        pullback().forward(f.with(2, twice).into(t, t.fresh(), 1));
        if (t.in(0) != null) pullback().forward(f.with(0, t.in(0)).into(t, 0, 1));
      }
      case REVERSE_DIVIDE -> {
        // db = sum(dy / a) moves as if by tdy - dy ta / a; da = -dy b / a^2 as if by twice that
        // share of ta, and by tb.
        var product = elementwise(Kind.MULTIPLY, f.in(2), Tangents.orZeros(f, t, 0));
        var share = elementwise(Kind.DIVIDE, product, f.in(0));
        var moved = elementwise(Kind.SUBTRACT, Tangents.orZeros(f, t, 2), share);
        var twice = elementwise(Kind.SUBTRACT, moved, share);
        pullback().forward(f.with(2, moved).into(t, t.fresh(), 1));
        pullback().forward(f.with(2, twice).into(t, t.fresh(), 0));
        if (t.in(1) != null) pullback().forward(f.with(1, t.in(1)).into(t, 0, 0));
      }
    }
  }

  private Op pullback() {
    return new BinaryPullback(kind);
  }

  private MemorySegment apply(Kind of, MemorySegment x, MemorySegment z) {
    var y = t.scratch(a);
    apply(of, y, x, z);
    return y;
  }

  private MemorySegment elementwise(Kind of, MemorySegment x, MemorySegment z) {
    var y = t.scratch(a);
    elementwise(of, y, x, z);
    return y;
  }

  /// y = of(x, z), z broadcast as b is.
  private void apply(Kind of, MemorySegment y, MemorySegment x, MemorySegment z) {
    f.kernels()
        .binaryForward(
            f.stream(),
            y,
            x,
            z,
            broadcast.outer(),
            broadcast.middle(),
            broadcast.inner(),
            of.code,
            f.dtype());
  }

  /// y = of(x, z), z of the shape of a.
  private void elementwise(Kind of, MemorySegment y, MemorySegment x, MemorySegment z) {
    f.kernels().binaryForward(f.stream(), y, x, z, 1, a.shape().count(), 1, of.code, f.dtype());
  }
}
