package dev.gatun.train;

import dev.gatun.InvalidArgument;
import java.util.Arrays;

/// What one step reads: (B, T) inputs and, one token further on, (B, T) targets, row by row.
///
/// @param rows B, the number of windows
/// @param time T, the tokens each predicts
/// @param inputs B·T ids; `inputs[b*T + t]` is token t of window b
/// @param targets B·T ids; `targets[b*T + t]` is token t + 1 of window b
public record Batch(int rows, int time, int[] inputs, int[] targets) {

  /// The windows of T + 1 tokens that begin at the given positions.
  static Batch of(Tokens tokens, int time, long[] positions) {
    int rows = positions.length;
    var inputs = new int[Math.multiplyExact(rows, time)];
    var targets = new int[inputs.length];
    var window = new int[time + 1];
    for (int row = 0; row < rows; row++) {
      tokens.copy(positions[row], window);
      System.arraycopy(window, 0, inputs, row * time, time);
      System.arraycopy(window, 1, targets, row * time, time);
    }
    return new Batch(rows, time, inputs, targets);
  }

  /// Its first windows, at most `most`.
  Batch first(long most) {
    if (most >= rows) return this;
    int end = (int) most * time;
    return new Batch((int) most, time, Arrays.copyOf(inputs, end), Arrays.copyOf(targets, end));
  }

  static void require(Tokens tokens, int time) {
    if (time < 1) {
      throw new InvalidArgument(
          "a window predicts %d tokens; it must be at least one".formatted(time));
    }
    if (tokens.count() < time + 1L) {
      throw new BadData(
          "%s holds %d tokens; a window of context %d needs %d"
              .formatted(tokens.name(), tokens.count(), time, time + 1L));
    }
  }
}
