package dev.gatun.train;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/// One text file of any size, mapped and cut into pieces that can be tokenized apart.
///
/// A cut lies before a newline that follows a byte which is no white space. No GPT-2 token
/// crosses such a place (its pattern takes a newline only in a run of white space, and the run
/// begins here), so the pieces' tokens are the file's; nor does any UTF-8 character.
record TextFile(Path path, MemorySegment bytes, Arena arena) implements AutoCloseable {
  /// A piece is at least this many bytes long, but for the last.
  private static final long PIECE = 1 << 20;

  static TextFile open(Path path) throws IOException {
    var arena = Arena.ofShared();
    try (var channel = FileChannel.open(path, StandardOpenOption.READ)) {
      var mapped = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
      return new TextFile(path, mapped, arena);
    } catch (IOException e) {
      arena.close();
      throw e;
    }
  }

  /// From where to before where a piece goes, in bytes.
  record Piece(long from, long to) {}

  List<Piece> pieces() {
    var pieces = new ArrayList<Piece>();
    for (long from = 0, to; from < bytes.byteSize(); from = to) {
      to = cutAfter(from + PIECE);
      pieces.add(new Piece(from, to));
    }
    return pieces;
  }

  /// The text of a piece; throws [BadData] when it is none.
  byte[] read(Piece piece) {
    var text = bytes.asSlice(piece.from(), piece.to() - piece.from()).toArray(JAVA_BYTE);
    int fault = Text.firstFault(text);
    if (fault >= 0) {
      throw new BadData(
          "%s is not text: byte %d is %s"
              .formatted(
                  path, piece.from() + fault, text[fault] == 0 ? "a NUL" : "not valid UTF-8"));
    }
    return text;
  }

  private long cutAfter(long from) {
    for (long at = from; at < bytes.byteSize(); at++) {
      if (bytes.get(JAVA_BYTE, at) == '\n' && isWord(bytes.get(JAVA_BYTE, at - 1))) return at;
    }
    return bytes.byteSize();
  }

  // Visible ASCII only: the last byte of a longer character may belong to a wide space.
  private static boolean isWord(byte b) {
    return b > ' ' && b < 127;
  }

  @Override
  public void close() {
    arena.close();
  }
}
