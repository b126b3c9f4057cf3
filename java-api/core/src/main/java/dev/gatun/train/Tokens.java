package dev.gatun.train;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Objects;

/// A long sequence of token ids, held as unsigned little-endian integers of one, two or four bytes.
///
/// The ids lie in a Java array, in native memory or in a mapped file; a sequence may be longer than
/// 2 GiB in the last two. Positions and counts are in tokens. Reading is safe from any thread.
/// Closing frees or unmaps the memory; a [#slice] is a view and closing it does nothing.
public final class Tokens implements AutoCloseable {
  static final ValueLayout.OfShort UINT16 = JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfInt INT32 = JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /// Ids read at a time: large enough to amortize the bounds checks, small enough for the L1 cache.
  private static final int BLOCK = 4096;

  private final String name;
  private final MemorySegment segment;
  private final int width;
  private final Arena owner;
  private volatile int largest = -1;

  Tokens(String name, MemorySegment segment, int width, Arena owner) {
    this.name = name;
    this.segment = segment;
    this.width = width;
    this.owner = owner;
  }

  /// The ids of a Java array, copied into as few bytes as the largest needs.
  public static Tokens of(int... ids) {
    int largest = 0;
    for (int position = 0; position < ids.length; position++) {
      if (ids[position] < 0) {
        throw new BadData("token %d at position %d is negative".formatted(ids[position], position));
      }
      largest = Math.max(largest, ids[position]);
    }
    int width = widthFor(largest + 1L);
    var segment = MemorySegment.ofArray(new byte[Math.multiplyExact(ids.length, width)]);
    put(ids, segment, 0, width);
    return new Tokens("tokens in memory", segment, width, null);
  }

  /// Each byte a token of 0 to 255; the array is wrapped, not copied.
  public static Tokens of(byte[] bytes) {
    return new Tokens("bytes in memory", MemorySegment.ofArray(bytes), 1, null);
  }

  /// Maps `count` tokens of `width` bytes (1, 2 or 4) that begin `offset` bytes into a file.
  static Tokens map(Path file, long offset, long count, int width) {
    var arena = Arena.ofShared();
    try (var channel = FileChannel.open(file, StandardOpenOption.READ)) {
      var mapped = channel.map(FileChannel.MapMode.READ_ONLY, offset, count * width, arena);
      return new Tokens(file.toString(), mapped, width, arena);
    } catch (IOException e) {
      arena.close();
      throw BadData.unreadable(file, e);
    }
  }

  /// Bytes a token takes when ids are below `vocabulary`.
  static int widthFor(long vocabulary) {
    return vocabulary <= 1 << 8 ? 1 : vocabulary <= 1 << 16 ? 2 : 4;
  }

  /// Writes ids into a segment from token `at` on.
  static void put(int[] ids, MemorySegment into, long at, int width) {
    for (int i = 0; i < ids.length; i++) {
      long offset = (at + i) * width;
      switch (width) {
        case 1 -> into.set(JAVA_BYTE, offset, (byte) ids[i]);
        case 2 -> into.set(UINT16, offset, (short) ids[i]);
        default -> into.set(INT32, offset, ids[i]);
      }
    }
  }

  /// Where the tokens come from, as messages call it.
  public String name() {
    return name;
  }

  public long count() {
    return segment.byteSize() / width;
  }

  /// The id at a position from 0 to `count() - 1`; use [#copy] for many.
  public int at(long position) {
    Objects.checkIndex(position, count());
    var id = new int[1];
    copy(position, id, 0, 1);
    return id[0];
  }

  /// Fills `into` with the ids from position `from` on.
  public void copy(long from, int[] into) {
    copy(from, into, 0, into.length);
  }

  /// Copies `length` ids, from position `from` on, to `into[at]` and after.
  ///
  /// Throws [IndexOutOfBoundsException] when either side is too short.
  public void copy(long from, int[] into, int at, int length) {
    Objects.checkFromIndexSize(from, length, count());
    Objects.checkFromIndexSize(at, length, into.length);
    switch (width) {
      case 1 -> copyBytes(from, into, at, length);
      case 2 -> copyShorts(from, into, at, length);
      default -> MemorySegment.copy(segment, INT32, from * 4, into, at, length);
    }
  }

  // The two copies go through a small array: a bulk copy and a plain loop over arrays both compile
  // to vector instructions, whatever kind of memory the segment is.
  private void copyBytes(long from, int[] into, int at, int length) {
    var block = new byte[Math.min(length, BLOCK)];
    for (int done = 0; done < length; ) {
      int n = Math.min(block.length, length - done);
      MemorySegment.copy(segment, JAVA_BYTE, from + done, block, 0, n);
      for (int i = 0; i < n; i++) into[at + done + i] = block[i] & 0xff;
      done += n;
    }
  }

  private void copyShorts(long from, int[] into, int at, int length) {
    var block = new short[Math.min(length, BLOCK)];
    for (int done = 0; done < length; ) {
      int n = Math.min(block.length, length - done);
      MemorySegment.copy(segment, UINT16, (from + done) * 2, block, 0, n);
      for (int i = 0; i < n; i++) into[at + done + i] = block[i] & 0xffff;
      done += n;
    }
  }

  /// A view of the positions from `from` to before `to`.
  public Tokens slice(long from, long to) {
    Objects.checkFromToIndex(from, to, count());
    return new Tokens(name, segment.asSlice(from * width, (to - from) * width), width, null);
  }

  /// The first tokens, up to before `to`, and the memory of all of them: this one is then used up.
  Tokens head(long to) {
    return new Tokens(name, segment.asSlice(0, to * width), width, owner);
  }

  /// The largest id, or -1 where there are no tokens; the first call reads them all.
  public int largest() {
    if (largest < 0) {
      scan(
          (position, ids, n) -> {
            for (int i = 0; i < n; i++) largest = Math.max(largest, ids[i]);
            return true;
          });
    }
    return largest;
  }

  /// Throws [BadData] with the first id that is not below `vocabulary`, and its position.
  public void requireWithin(int vocabulary) {
    if (widthFor(vocabulary) > width || vocabulary == 1L << 8 * width) return;
    scan(
        (position, ids, n) -> {
          for (int i = 0; i < n; i++) {
            if (Integer.compareUnsigned(ids[i], vocabulary) >= 0) {
              throw new BadData(
                  "%s: token %d at position %d lies outside the vocabulary of %d"
                      .formatted(name, Integer.toUnsignedLong(ids[i]), position + i, vocabulary));
            }
          }
          return true;
        });
  }

  /// Shows all tokens in order, a block at a time, until the visitor answers false.
  void scan(Visitor visitor) {
    var block = new int[BLOCK];
    long count = count();
    for (long position = 0; position < count; position += BLOCK) {
      int n = (int) Math.min(BLOCK, count - position);
      copy(position, block, 0, n);
      if (!visitor.visit(position, block, n)) return;
    }
  }

  /// Appends these tokens to a segment of tokens of `intoWidth` bytes, from token `at` on.
  void copyTo(MemorySegment into, long at, int intoWidth) {
    if (width == intoWidth) {
      MemorySegment.copy(segment, 0, into, at * width, segment.byteSize());
      return;
    }
    scan(
        (position, ids, n) -> {
          put(n == ids.length ? ids : Arrays.copyOf(ids, n), into, at + position, intoWidth);
          return true;
        });
  }

  @Override
  public void close() {
    if (owner != null && owner.scope().isAlive()) owner.close();
  }

  @FunctionalInterface
  interface Visitor {
    /// Sees `ids[0]` to `ids[n - 1]`, the first of them at `position`.
    boolean visit(long position, int[] ids, int n);
  }
}
