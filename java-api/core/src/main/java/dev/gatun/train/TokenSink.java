package dev.gatun.train;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Tokens still being collected: native memory that grows by half when it is full.
///
/// Outside the Java heap because a corpus of 200 MB should not ask for a larger heap, and may
/// be longer than an array.
final class TokenSink implements AutoCloseable {
  private final int width;
  private Arena arena = Arena.ofShared();
  private MemorySegment segment;
  private long count;

  /// Room for `expected` tokens below `vocabulary`; more may come.
  TokenSink(int vocabulary, long expected) {
    width = Tokens.widthFor(vocabulary);
    segment = arena.allocate(Math.max(1, expected) * width, 8);
  }

  long count() {
    return count;
  }

  void add(Tokens tokens) {
    reserve(count + tokens.count());
    tokens.copyTo(segment, count, width);
    count += tokens.count();
  }

  /// The collected tokens, which now own the memory; closing the sink then does nothing.
  Tokens finish(String name) {
    var tokens = new Tokens(name, segment.asSlice(0, count * width), width, arena);
    arena = null;
    return tokens;
  }

  private void reserve(long tokens) {
    if (tokens * width <= segment.byteSize()) return;
    var larger = Arena.ofShared();
    var moved = larger.allocate(Math.max(tokens * width, segment.byteSize() * 3 / 2), 8);
    MemorySegment.copy(segment, 0, moved, 0, count * width);
    arena.close();
    arena = larger;
    segment = moved;
  }

  /// Frees what was collected; for the case that [#finish] is not reached.
  @Override
  public void close() {
    if (arena != null) arena.close();
  }
}
