package dev.gatun.store;

import dev.gatun.InvalidArgument;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/// Stored floating elements to floats or doubles, through a staging chunk of raw bytes.
final class Conversion {
  private static final long STAGED_BYTES = 1L << 20;
  private static final ValueLayout.OfShort HALF =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfFloat SINGLE =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfDouble DOUBLE =
      ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final ValueLayout target;

  private Conversion(ValueLayout target) {
    this.target = target;
  }

  static Conversion to(ValueLayout target) {
    return new Conversion(target);
  }

  /// Fills `into` with elements of `tensor`, from element `first` on.
  void read(Safetensors file, StoredTensor tensor, long first, MemorySegment into) {
    long count = into.byteSize() / target.byteSize();
    if (count * target.byteSize() != into.byteSize()) {
      throw new InvalidArgument(
          "%d bytes are no whole number of elements of %d bytes"
              .formatted(into.byteSize(), target.byteSize()));
    }
    int bytes = tensor.type().bytes();
    if (bytes == target.byteSize() && ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN) {
      file.read(tensor.name(), first * bytes, into); // F32 to float, F64 to double: the same bits
      return;
    }
    try (var arena = Arena.ofConfined()) {
      var staging = arena.allocate(Math.min(STAGED_BYTES, count * bytes), 8);
      long most = Math.max(1, staging.byteSize() / bytes);
      for (long done = 0; done < count; done += most) {
        long part = Math.min(most, count - done);
        var raw = staging.asSlice(0, part * bytes);
        file.read(tensor.name(), (first + done) * bytes, raw);
        convert(tensor.type(), raw, part, into.asSlice(done * target.byteSize()));
      }
    }
  }

  private void convert(StoredType type, MemorySegment raw, long count, MemorySegment into) {
    for (long i = 0; i < count; i++) {
      double value = element(type, raw, i);
      if (target instanceof ValueLayout.OfFloat single) {
        into.setAtIndex(single, i, (float) value);
      } else {
        into.setAtIndex((ValueLayout.OfDouble) target, i, value);
      }
    }
  }

  private static double element(StoredType type, MemorySegment raw, long i) {
    return switch (type) {
      case F16 -> Float.float16ToFloat(raw.getAtIndex(HALF, i));
      case BF16 -> Float.intBitsToFloat(raw.getAtIndex(HALF, i) << 16);
      case F32 -> raw.getAtIndex(SINGLE, i);
      case F64 -> raw.getAtIndex(DOUBLE, i);
      default -> throw new InvalidArgument(type + " is not a floating type");
    };
  }
}
