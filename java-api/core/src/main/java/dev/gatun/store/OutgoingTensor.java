package dev.gatun.store;

import dev.gatun.InvalidArgument;
import java.lang.foreign.MemorySegment;

/// A tensor on its way into a file, and where its bytes come from.
public record OutgoingTensor(StoredTensor tensor, Source source) {

  /// Hands out the bytes of one tensor, chunk by chunk.
  @FunctionalInterface
  public interface Source {
    /// Fills `into` with little-endian elements, from byte `offsetBytes` of the tensor on. Chunks
    /// come in order and begin on multiples of 8 bytes; `into` is native memory, valid during the
    /// call.
    void copy(long offsetBytes, MemorySegment into);
  }

  /// A tensor whose bytes lie in host memory already.
  ///
  /// @throws InvalidArgument if `bytes` has another size than the tensor
  public static OutgoingTensor of(StoredTensor tensor, MemorySegment bytes) {
    if (bytes.byteSize() != tensor.bytes()) {
      throw new InvalidArgument(
          "tensor \"%s\" has %d bytes, but %d were given"
              .formatted(tensor.name(), tensor.bytes(), bytes.byteSize()));
    }
    return new OutgoingTensor(
        tensor, (offset, into) -> into.copyFrom(bytes.asSlice(offset, into.byteSize())));
  }
}
