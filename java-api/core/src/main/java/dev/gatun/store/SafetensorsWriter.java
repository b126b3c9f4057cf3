package dev.gatun.store;

import dev.gatun.InvalidArgument;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;

/// Streams tensors into a new safetensors file through one native chunk.
final class SafetensorsWriter {
  /// Bytes in flight: large enough that the disk sets the pace, small beside any model.
  static final long CHUNK_BYTES = 8L << 20;

  private SafetensorsWriter() {}

  static void write(Path file, List<OutgoingTensor> tensors, Map<String, String> metadata) {
    requireDistinctNames(tensors);
    var header =
        SafetensorsHeader.of(tensors.stream().map(OutgoingTensor::tensor).toList(), metadata)
            .json();
    if (header.length > SafetensorsHeader.LONGEST) {
      throw new InvalidArgument(
          "the header of %d tensors has %d bytes; the format allows %d"
              .formatted(tensors.size(), header.length, SafetensorsHeader.LONGEST));
    }
    NewFile.write(file, channel -> writeAll(channel, header, tensors));
  }

  private static void writeAll(FileChannel channel, byte[] header, List<OutgoingTensor> tensors)
      throws IOException {
    var length = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(header.length);
    drain(channel, length.flip());
    drain(channel, ByteBuffer.wrap(header));
    long largest = tensors.stream().mapToLong(each -> each.tensor().bytes()).max().orElse(0);
    try (var arena = Arena.ofConfined()) {
      var chunk = arena.allocate(Math.min(CHUNK_BYTES, largest), 64);
      for (var each : tensors) {
        writeTensor(channel, each, chunk);
      }
    }
  }

  private static void writeTensor(FileChannel channel, OutgoingTensor each, MemorySegment chunk)
      throws IOException {
    long bytes = each.tensor().bytes();
    for (long offset = 0; offset < bytes; offset += chunk.byteSize()) {
      var part = chunk.asSlice(0, Math.min(chunk.byteSize(), bytes - offset));
      each.source().copy(offset, part);
      drain(channel, part.asByteBuffer());
    }
  }

  private static void drain(FileChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  private static void requireDistinctNames(List<OutgoingTensor> tensors) {
    var names = new HashSet<String>(List.of("__metadata__"));
    for (var each : tensors) {
      if (!names.add(each.tensor().name())) {
        throw new InvalidArgument("two tensors would be named \"" + each.tensor().name() + "\"");
      }
    }
  }
}
