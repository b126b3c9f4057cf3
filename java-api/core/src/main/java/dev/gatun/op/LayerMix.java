package dev.gatun.op;

import dev.gatun.tensor.Shape;
import java.util.List;

/// Layers as weighted sums of others: of w (large, small) and x, in which `small` layers of equal
/// size lie one behind the other along the first axis, the `large` layers y[i] = the sum over j of
/// w[i, j] x[j], in the same order. Bound by memory.
public record LayerMix() implements Op {
  /// The numbers of layers and the elements of each.
  record Sizes(long large, long small, long each) {
    static Sizes of(Shape w, Shape x) {
      return new Sizes(w.size(0), w.size(1), x.count() / w.size(1));
    }
  }

  @Override
  public Outputs shapes(List<Spec> inputs) {
    Require.count(this, inputs, 2);
    Require.oneType(this, inputs, 0, 1);
    Require.rank(this, inputs, 0, 2);
    var w = inputs.get(0).shape();
    var x = inputs.get(1).shape();
    Require.that(w.count() > 0, this, "weights of shape %s mix nothing", w);
    Require.that(
        x.rank() > 0 && x.size(0) % w.size(1) == 0,
        this,
        "%s is not cut into %d layers along its first axis",
        x,
        w.size(1));
    return Outputs.of(inputs.get(1).with(x.with(0, x.size(0) / w.size(1) * w.size(0))));
  }

  @Override
  public void forward(Frame f) {
    var s = Sizes.of(f.shape(0), f.shape(1));
    f.kernels()
        .layerMixForward(
            f.stream(), f.out(0), f.in(0), f.in(1), s.large(), s.small(), s.each(), f.dtype());
  }

  @Override
  public void tangent(Frame f, Frame t) {
    var y = shapes(f.inputs()).values().getFirst();
    forward(f.with(0, Tangents.orZeros(f, t, 0)).into(t, 0, 0));
    if (t.in(1) == null) return;
    var other = t.scratch(y);
    forward(f.with(1, t.in(1)).into(other));
    t.add(t.out(0), other, y);
  }

  @Override
  public Op pullback() {
    return new LayerMixPullback();
  }

  @Override
  public Reads reads() {
    return Reads.of(0, 1);
  }
}

/// (w, x, dy) -> dw, dx.
record LayerMixPullback() implements Op {
  @Override
  public Outputs shapes(List<Spec> inputs) {
    return Outputs.of(inputs.get(0), inputs.get(1));
  }

  @Override
  public void forward(Frame f) {
    var s = LayerMix.Sizes.of(f.shape(0), f.shape(1));
    f.kernels()
        .layerMixPullback(
            f.stream(),
            f.out(0),
            f.out(1),
            f.in(2),
            f.in(0),
            f.in(1),
            s.large(),
            s.small(),
            s.each(),
            f.fresh(),
            f.dtype());
  }

  @Override
  public void tangent(Frame f, Frame t) {
    Tangents.multilinear(
        this,
        f,
        t,
        this::forward,
        new Tangents.Slot(2, 0, 1),
        new Tangents.Slot(0, 1),
        new Tangents.Slot(1, 0));
  }
}
