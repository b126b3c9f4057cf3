package dev.gatun.op;

import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import java.util.List;

/// The mean cross-entropy of the logits x table^T, which beyond `budgetBytes` never exist whole. x
/// (…, C), table (rows, C) of which the first `vocabulary` rows count, targets (…) I32, negative
/// ones left out. While a tape records and the logits fit `budgetBytes`, their gradient is kept for
/// the pullback; else both rules work on at least 2048 rows at a time, and the pullback computes
/// the logits again.
public record HeadLoss(long vocabulary, long budgetBytes) implements Op {
  private static final long LEAST_CHUNK = 2048;

  /// Keeps up to 256 MiB.
  public HeadLoss(long vocabulary) {
    this(vocabulary, 256L << 20);
  }

  boolean keeps(Spec x, Shape table) {
    return x.shape().rows() * table.size(0) * x.dtype().bytes() <= budgetBytes;
  }

  long chunk(Spec x, Shape table) {
    long affordable = budgetBytes / (table.size(0) * x.dtype().bytes());
    return Math.clamp(affordable, Math.min(LEAST_CHUNK, x.shape().rows()), x.shape().rows());
  }

  /// Bytes that either rule takes for logits that are not kept.
  public long scratchBytes(Spec x, Shape table) {
    return keeps(x, table) ? 0 : chunk(x, table) * table.size(0) * x.dtype().bytes();
  }

  @Override
  public Outputs shapes(List<Spec> inputs) {
    Require.count(this, inputs, 3);
    Require.oneType(this, inputs, 0, 1);
    Require.rank(this, inputs, 1, 2);
    Require.indices(this, inputs, 2);
    var x = inputs.get(0);
    var table = inputs.get(1).shape();
    var targets = inputs.get(2).shape();
    Require.that(
        x.shape().rank() >= 1 && x.shape().cols() == table.size(1),
        this,
        "x is %s but the table is %s",
        x.shape(),
        table);
    Require.that(
        targets.count() == x.shape().rows(),
        this,
        "x is %s but targets are %s",
        x.shape(),
        targets);
    Require.that(
        0 < vocabulary && vocabulary <= table.size(0),
        this,
        "the table %s cannot hold a vocabulary of %d",
        table,
        vocabulary);
    var outputs =
        Outputs.of(x.wide()).saving(x.wide(x.shape().rows()), new Spec(Shape.SCALAR, DType.I64));
    return keeps(x, table)
        ? outputs.keeping(x.with(Shape.of(x.shape().rows(), table.size(0))))
        : outputs;
  }

  @Override
  public void forward(Frame f) {
    var x = f.input(0);
    var table = f.shape(1);
    var kept = keeps(x, table) ? f.out(3) : null;
    long chunk = kept != null ? x.shape().rows() : chunk(x, table);
    f.kernels()
        .headLossForward(
            f.stream(),
            f.out(0),
            f.out(1),
            f.out(2),
            kept != null ? kept : f.scratch(chunk * table.size(0), x.dtype()),
            f.in(0),
            f.in(1),
            f.in(2),
            x.shape().rows(),
            table.size(1),
            vocabulary,
            table.size(0),
            chunk,
            kept != null ? 1 : 0,
            f.dtype());
  }

  @Override
  public void tangent(Frame f, Frame t) {
    var x = f.input(0);
    var table = f.shape(1);
    boolean keeps = keeps(x, table);
    long chunk = keeps ? x.shape().rows() : chunk(x, table);
    long logits = chunk * table.size(0);
    f.kernels()
        .headLossTangent(
            f.stream(),
            t.out(0),
            keeps ? t.out(3) : t.scratch(logits, x.dtype()),
            keeps ? null : t.scratch(logits, x.dtype()),
            keeps ? f.out(3) : null,
            f.in(0),
            t.in(0),
            f.in(1),
            t.in(1),
            f.in(2),
            f.out(1),
            f.out(2),
            x.shape().rows(),
            table.size(1),
            vocabulary,
            table.size(0),
            chunk,
            f.dtype());
  }

  @Override
  public boolean mayMissTangent(int saved) {
    return saved < 2;
  }

  @Override
  public Op pullback() {
    return new HeadLossPullback(this);
  }

  @Override
  public Reads reads() {
    return Reads.of(0, 1, 2).saved(0, 1, 2);
  }
}

/// (x, table, targets, lse, counted, kept, dloss) -> dx, dtable; kept is null where the logits were
/// too large.
record HeadLossPullback(HeadLoss head) implements Op {
  @Override
  public Outputs shapes(List<Spec> inputs) {
    var table = inputs.get(1);
    return Outputs.of(inputs.get(0), new Spec(table.shape(), table.dtype().wide()));
  }

  @Override
  public void forward(Frame f) {
    var x = f.input(0);
    var table = f.shape(1);
    var kept = f.in(5);
    long chunk = kept != null ? x.shape().rows() : head.chunk(x, table);
    f.kernels()
        .headLossPullback(
            f.stream(),
            kept != null ? null : f.scratch(chunk * table.size(0), x.dtype()),
            f.out(0),
            f.out(1),
            f.in(6),
            kept,
            f.in(0),
            f.in(1),
            f.in(2),
            f.in(3),
            f.in(4),
            x.shape().rows(),
            table.size(1),
            head.vocabulary(),
            table.size(0),
            chunk,
            f.fresh(),
            f.dtype());
  }

  @Override
  public void tangent(Frame f, Frame t) {
    tangent(f, t, false);
  }

  /// With `gaussNewton` the tangent of the logits' gradient alone, carried back.
  void tangent(Frame f, Frame t, boolean gaussNewton) {
    var x = f.input(0);
    var table = f.shape(1);
    var kept = f.in(5);
    long chunk = kept != null ? x.shape().rows() : head.chunk(x, table);
    long logits = chunk * table.size(0);
    f.kernels()
        .headLossPullbackTangent(
            f.stream(),
            kept != null ? null : t.scratch(logits, x.dtype()),
            kept != null ? null : t.scratch(logits, x.dtype()),
            t.out(0),
            t.out(1),
            f.in(6),
            t.in(6),
            kept,
            t.in(5),
            f.in(0),
            t.in(0),
            f.in(1),
            t.in(1),
            f.in(2),
            f.in(3),
            f.in(4),
            x.shape().rows(),
            table.size(1),
            head.vocabulary(),
            table.size(0),
            chunk,
            gaussNewton ? 1 : 0,
            t.fresh(),
            f.dtype());
  }

  @Override
  public void gaussNewton(Frame f, Frame t) {
    tangent(f, t, true);
  }
}
