package dev.gatun.train;

import dev.gatun.memory.Feed;
import dev.gatun.memory.Scope;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/// Windows of tokens and their targets, which the host sets and each replay sends anew.
final class WindowFeed {
  private final Scope scope;
  private final Feed feed;
  private final long windows;
  private final int time;

  WindowFeed(Scope scope, long windows, int time) {
    this.scope = scope;
    this.windows = windows;
    this.time = time;
    feed = new Feed(scope, bytes(windows, time));
  }

  /// Bytes that it allocates.
  static long bytes(long windows, int time) {
    return 2 * windows * time * Integer.BYTES;
  }

  /// Sets the windows from number `from` on.
  void put(long from, Batch batch) {
    if (batch.time() != time || from + batch.rows() > windows) {
      throw new IllegalArgumentException(
          "a batch of %d windows of %d from number %d on does not fit %d windows of %d"
              .formatted(batch.rows(), batch.time(), from, windows, time));
    }
    put(at(from), batch.inputs());
    put(at(windows + from), batch.targets());
  }

  private void put(long at, int[] ids) {
    MemorySegment.copy(
        MemorySegment.ofArray(ids), 0, feed.image(), at, (long) ids.length * Integer.BYTES);
  }

  void send() {
    feed.send();
  }

  Tensor tokens(long from, int count) {
    return rows(from, count);
  }

  Tensor targets(long from, int count) {
    return rows(windows + from, count);
  }

  private Tensor rows(long from, int count) {
    var data = scope.at(feed.data(), at(from));
    return Tensor.over(scope, data, DType.I32, Shape.of(count, time), null);
  }

  private long at(long row) {
    return row * time * Integer.BYTES;
  }
}
