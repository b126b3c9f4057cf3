package dev.gatun.op;

import java.util.List;

/// y[b,t] = tokenTable[tokens[b,t]] + positionTable[t]; tokenTable (rows, C) of which the first
/// `vocabulary` rows can be named, positionTable (positions, C), tokens (B, T) I32; y (B, T, C).
public record Embedding(long vocabulary) implements Op {
  @Override
  public Outputs shapes(List<Spec> inputs) {
    Require.count(this, inputs, 3);
    Require.oneType(this, inputs, 0, 1);
    Require.rank(this, inputs, 0, 2);
    Require.rank(this, inputs, 1, 2);
    Require.rank(this, inputs, 2, 2);
    Require.indices(this, inputs, 2);
    var table = inputs.get(0).shape();
    var positions = inputs.get(1).shape();
    var tokens = inputs.get(2).shape();
    Require.that(
        table.size(1) == positions.size(1),
        this,
        "tables %s and %s differ in width",
        table,
        positions);
    Require.that(
        vocabulary <= table.size(0), this, "the table %s has no %d rows", table, vocabulary);
    Require.that(
        tokens.size(1) <= positions.size(0),
        this,
        "a context of %d is longer than the %d positions of the model",
        tokens.size(1),
        positions.size(0));
    return Outputs.of(inputs.getFirst().with(tokens.append(table.size(1))));
  }

  @Override
  public void forward(Frame f) {
    f.kernels()
        .embeddingForward(
            f.stream(),
            f.out(0),
            f.in(0),
            f.in(1),
            f.in(2),
            null,
            f.shape(2).size(0),
            f.shape(2).size(1),
            f.shape(0).size(1),
            vocabulary,
            f.shape(1).size(0),
            f.dtype());
  }

  @Override
  public void tangent(Frame f, Frame t) {
    Tangents.linear(this, f, t);
  }

  @Override
  public Op pullback() {
    return new EmbeddingPullback();
  }

  @Override
  public Reads reads() {
    return Reads.of(0, 1, 2);
  }
}

/// (tokenTable, positionTable, tokens, dy) -> dtokenTable, dpositionTable; of the tables only the
/// shapes are used. Rows that no token can name get zeros.
record EmbeddingPullback() implements Op {
  @Override
  public Outputs shapes(List<Spec> inputs) {
    return Outputs.of(wide(inputs.get(0)), wide(inputs.get(1)));
  }

  private static Spec wide(Spec table) {
    return new Spec(table.shape(), table.dtype().wide());
  }

  @Override
  public void forward(Frame f) {
    f.kernels()
        .embeddingPullback(
            f.stream(),
            f.out(0),
            f.out(1),
            f.in(3),
            f.in(2),
            f.shape(2).size(0),
            f.shape(2).size(1),
            f.shape(0).size(1),
            f.shape(0).size(0),
            f.shape(1).size(0),
            f.fresh(),
            f.dtype());
  }

  @Override
  public void tangent(Frame f, Frame t) {
    Tangents.linearPullback(this, f, t, 3);
  }
}
