package dev.gatun.store;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;

/// Bytes of an open file, into host memory of any kind. Heap memory goes through a native chunk: a
/// channel takes only `byte[]` of the heap, and would keep a buffer of the whole size for the
/// thread.
record FileBytes(Path file, FileChannel channel) {
  private static final long STAGED_BYTES = 1L << 20;

  /// Fills `into` with the bytes from `position` on.
  ///
  /// @throws BadFile if the file ends before
  void fill(long position, MemorySegment into) throws IOException {
    if (into.isNative()) {
      fillNative(position, into);
      return;
    }
    try (var arena = Arena.ofConfined()) {
      var staging = arena.allocate(Math.min(STAGED_BYTES, into.byteSize()));
      for (long done = 0; done < into.byteSize(); done += staging.byteSize()) {
        var part = staging.asSlice(0, Math.min(staging.byteSize(), into.byteSize() - done));
        fillNative(position + done, part);
        MemorySegment.copy(part, 0, into, done, part.byteSize());
      }
    }
  }

  private void fillNative(long position, MemorySegment into) throws IOException {
    for (long done = 0; done < into.byteSize(); ) {
      long chunk = Math.min(SafetensorsWriter.CHUNK_BYTES, into.byteSize() - done);
      int read = channel.read(into.asSlice(done, chunk).asByteBuffer(), position + done);
      if (read < 0) {
        throw new BadFile(file, "ends early, at byte " + (position + done));
      }
      done += read;
    }
  }
}
