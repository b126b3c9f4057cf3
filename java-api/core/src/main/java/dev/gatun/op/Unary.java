package dev.gatun.op;

import dev.gatun.ffi.Kernels;
import java.util.List;

/// y = f(x), element by element. `alpha` is the factor of SCALE and the summand of SHIFT.
public record Unary(Kind kind, double alpha) implements Op {
  /// The functions; GELU is the tanh form.
  public enum Kind {
    EXP(Kernels.EXP),
    LOG(Kernels.LOG),
    TANH(Kernels.TANH),
    RELU(Kernels.RELU),
    SIGMOID(Kernels.SIGMOID),
    SQUARE(Kernels.SQUARE),
    SCALE(Kernels.SCALE),
    SHIFT(Kernels.SHIFT),
    GELU(Kernels.GELU);

    final int code;

    Kind(int code) {
      this.code = code;
    }
  }

  public Unary(Kind kind) {
    this(kind, 0);
  }

  @Override
  public Outputs shapes(List<Spec> inputs) {
    Require.count(this, inputs, 1);
    Require.oneType(this, inputs, 0);
    return Outputs.of(inputs.getFirst());
  }

  @Override
  public void forward(Frame f) {
    f.kernels()
        .unaryForward(
            f.stream(), f.out(0), f.in(0), f.shape(0).count(), alpha, kind.code, f.dtype());
  }

  @Override
  public void tangent(Frame f, Frame t) {
    f.kernels()
        .unaryPullback(
            f.stream(),
            t.out(0),
            Tangents.orZeros(f, t, 0),
            f.in(0),
            f.shape(0).count(),
            alpha,
            kind.code,
            -1,
            f.dtype());
  }

  @Override
  public Op pullback() {
    return new UnaryPullback(kind, alpha);
  }

  @Override
  public Reads reads() {
    return Reads.of(0);
  }

  @Override
  public String name() {
    return kind.name().toLowerCase();
  }
}

/// (x, dy) -> dx = dy * f'(x).
record UnaryPullback(Unary.Kind kind, double alpha) implements Op {
  @Override
  public Outputs shapes(List<Spec> inputs) {
    return Outputs.of(inputs.getFirst());
  }

  @Override
  public void forward(Frame f) {
    f.kernels()
        .unaryPullback(
            f.stream(),
            f.out(0),
            f.in(1),
            f.in(0),
            f.shape(0).count(),
            alpha,
            kind.code,
            f.fresh(),
            f.dtype());
  }

  @Override
  public void tangent(Frame f, Frame t) {
    f.kernels()
        .unaryPullbackTangent(
            f.stream(),
            t.out(0),
            f.in(1),
            t.in(1),
            f.in(0),
            t.in(0),
            f.shape(0).count(),
            alpha,
            kind.code,
            t.fresh(),
            f.dtype());
  }
}
