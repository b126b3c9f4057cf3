package dev.gatun.train;

import dev.gatun.InvalidArgument;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;

/// Windows to evaluate on: window i holds the T + 1 tokens from i·T to i·T + T, so each starts at
/// the last token of the one before, and every token but the first is predicted exactly once.
///
/// @param tokens at least T + 1 of them
/// @param time T, the tokens a window predicts
public record Windows(Tokens tokens, int time) {

  /// Throws [BadData] when the tokens are fewer than one window.
  public Windows {
    Batch.require(tokens, time);
  }

  /// How many whole windows there are.
  public long count() {
    return (tokens.count() - 1) / time;
  }

  /// The first `rows · batches` windows, `rows` in each batch.
  ///
  /// Throws [BadData] when there are fewer.
  public List<Batch> first(int rows, int batches) {
    long wanted = (long) rows * batches;
    if (wanted < 1) {
      throw new InvalidArgument(
          "%d batches of %d windows asked for; there must be at least one"
              .formatted(batches, rows));
    }
    if (wanted > count()) {
      throw new BadData(
          "%s holds %d windows of context %d; %d batches of %d ask for %d"
              .formatted(tokens.name(), count(), time, batches, rows, wanted));
    }
    return batches(LongStream.range(0, wanted).toArray(), rows);
  }

  /// At most `rows · batches` windows, spread evenly over all the tokens: a fair sample of a long
  /// validation set. Where there are fewer windows all are taken, and the last batch may have fewer
  /// rows.
  public List<Batch> spread(int rows, int batches) {
    long taken = Math.min((long) rows * batches, count());
    var windows = LongStream.range(0, taken).map(i -> Math.multiplyExact(i, count()) / taken);
    return batches(windows.toArray(), rows);
  }

  /// All windows in order, `rows` in each batch; the last may have fewer.
  public List<Batch> all(int rows) {
    return batches(LongStream.range(0, count()).toArray(), rows);
  }

  /// The windows of the given indices, each from 0 to `count() - 1`.
  public Batch batch(long... windows) {
    return Batch.of(tokens, time, LongStream.of(windows).map(window -> window * time).toArray());
  }

  private List<Batch> batches(long[] windows, int rows) {
    var batches = new ArrayList<Batch>();
    for (int at = 0; at < windows.length; at += rows) {
      batches.add(batch(LongStream.of(windows).skip(at).limit(rows).toArray()));
    }
    return batches;
  }
}
