package dev.gatun.optim;

import dev.gatun.memory.Feed;
import dev.gatun.memory.Scope;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// The seed of an estimator and the number of the draw at hand, where its kernels read them. A draw
/// serves one estimate; an estimate for which nothing was drawn takes the number after the last.
final class Draws {
  /// Of the seed and the number.
  static final long BYTES = 2 * Long.BYTES;

  private final Feed feed;
  private long next;
  private boolean isOpen;

  /// With `more` bytes of zeros behind the number, zeros again at each draw.
  Draws(Scope scope, long seed, long more) {
    feed = new Feed(scope, BYTES + more);
    feed.image().set(ValueLayout.JAVA_LONG, 0, seed);
    feed.send();
  }

  /// What the host does of a draw.
  void prepare(long number) {
    feed.image().set(ValueLayout.JAVA_LONG, Long.BYTES, number);
    next = number + 1;
  }

  /// What the device does of it: an estimate may now use it.
  void begin() {
    feed.send();
    isOpen = true;
  }

  /// The number that an estimate takes for which nothing was drawn: the one after the last.
  long next() {
    return next;
  }

  /// Whether there is a draw that no estimate has used up.
  boolean isOpen() {
    return isOpen;
  }

  /// The estimate is made.
  void end() {
    isOpen = false;
  }

  /// On the device: the seed, the number, and what is behind it.
  MemorySegment data() {
    return feed.data();
  }
}
