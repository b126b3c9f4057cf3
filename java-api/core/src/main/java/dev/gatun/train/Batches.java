package dev.gatun.train;

import dev.gatun.InvalidArgument;

/// Batches to train on: B windows of T + 1 tokens each, at positions drawn evenly from all.
///
/// A position is a pure function of seed, step, micro-step and row, so a run that resumes at a step
/// reads what an uninterrupted one would have read, and there is no state to save. Windows are
/// drawn with replacement, and may cross from one document into the next.
///
/// @param tokens at least T + 1 of them
/// @param rows B, the windows of a batch
/// @param time T, the tokens a window predicts
/// @param seed another seed draws other positions
public record Batches(Tokens tokens, int rows, int time, long seed) {

  /// Throws [BadData] when the tokens are fewer than one window.
  public Batches {
    Batch.require(tokens, time);
    if (rows < 1) {
      throw new InvalidArgument("a batch has %d rows; it must have at least one".formatted(rows));
    }
  }

  /// The batch of a micro-step; steps and micro-steps count from 0.
  public Batch at(long step, int microStep) {
    var positions = new long[rows];
    for (int row = 0; row < rows; row++) positions[row] = position(step, microStep, row);
    return Batch.of(tokens, time, positions);
  }

  /// Where the window of a row begins: from 0 to `tokens.count() - T - 1`, all equally likely.
  public long position(long step, int microStep, int row) {
    long places = tokens.count() - time;
    // The high half of hash · places: even to one part in 2^64 / places, without a division.
    return Math.unsignedMultiplyHigh(Mix.hash(seed, step, microStep, row), places);
  }
}
