package dev.gatun.store;

import dev.gatun.InvalidArgument;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/// A safetensors file, open for reading: 8 bytes little-endian header length, a JSON header, raw
/// data.
///
/// The file is read through its channel, never mapped: a file that shrinks under a map kills the
/// JVM, and mapped pages count as resident. Nothing is held but the header. Reads are safe from
/// several threads at once.
public final class Safetensors implements AutoCloseable {
  private static final long LENGTH_BYTES = 8;

  private final Path file;
  private final FileChannel channel;
  private final FileBytes bytes;
  private final SafetensorsHeader header;
  private final long dataBegin;
  private final Map<String, StoredTensor> byName = new HashMap<>();

  private Safetensors(Path file, FileChannel channel) throws IOException {
    this.file = file;
    this.channel = channel;
    this.bytes = new FileBytes(file, channel);
    long size = channel.size();
    int length = headerLength(size);
    var json = new byte[length];
    bytes.fill(LENGTH_BYTES, MemorySegment.ofArray(json));
    this.dataBegin = LENGTH_BYTES + length;
    this.header = SafetensorsHeader.parse(file, json, size - dataBegin);
    header.begins().keySet().forEach(tensor -> byName.put(tensor.name(), tensor));
  }

  /// Opens `file` and checks its whole header.
  ///
  /// @throws BadFile if it is missing, truncated, or breaks any rule of the format
  /// @throws StoreFailure if the disk refuses
  public static Safetensors open(Path file) {
    if (Files.isDirectory(file)) {
      throw new BadFile(file, "is a folder, not a safetensors file");
    }
    FileChannel channel = null;
    try {
      channel = FileChannel.open(file, StandardOpenOption.READ);
      return new Safetensors(file, channel);
    } catch (NoSuchFileException e) {
      throw new BadFile(file, "does not exist", e);
    } catch (IOException e) {
      closeQuietly(channel, e);
      throw StoreFailure.reading(file, e);
    } catch (RuntimeException e) {
      closeQuietly(channel, e);
      throw e;
    }
  }

  /// Writes a new file: the tensors in their order, `{"format": "pt"}` as metadata, so that
  /// Hugging Face reads it. Memory: one chunk of 8 MiB at most. The caller forces it to disk,
  /// where that matters.
  ///
  /// @throws InvalidArgument if two tensors share a name or one is named `__metadata__`
  /// @throws StoreFailure if the file exists already or the disk refuses; no partial file stays
  public static void write(Path file, List<OutgoingTensor> tensors) {
    write(file, tensors, Map.of("format", "pt"));
  }

  /// As above, with metadata of the caller's.
  public static void write(Path file, List<OutgoingTensor> tensors, Map<String, String> metadata) {
    SafetensorsWriter.write(file, tensors, metadata);
  }

  /// The tensors, in the order their data lies in the file.
  public List<StoredTensor> tensors() {
    return List.copyOf(header.begins().keySet());
  }

  /// The header's `__metadata__`; empty where there is none.
  public Map<String, String> metadata() {
    return Map.copyOf(header.metadata());
  }

  /// Whether there is a tensor of that name.
  public boolean has(String name) {
    return byName.containsKey(name);
  }

  /// @throws BadFile if there is no tensor of that name
  public StoredTensor tensor(String name) {
    var tensor = byName.get(name);
    if (tensor == null) {
      throw new BadFile(file, "has no tensor \"" + name + "\"");
    }
    return tensor;
  }

  /// Fills `into` with raw bytes of a tensor, from byte `offsetBytes` of it on.
  ///
  /// @param into host memory, native or heap; its size says how many bytes
  /// @throws IndexOutOfBoundsException if the tensor ends before `into` does
  /// @throws BadFile if the file ends early, having shrunk since it was opened
  public void read(String name, long offsetBytes, MemorySegment into) {
    var tensor = tensor(name);
    Objects.checkFromIndexSize(offsetBytes, into.byteSize(), tensor.bytes());
    try {
      bytes.fill(dataBegin + header.begins().get(tensor) + offsetBytes, into);
    } catch (IOException e) {
      throw StoreFailure.reading(file, e);
    }
  }

  /// Fills `into` with floats, from element `first` on; F64 is rounded to nearest, the others are
  /// exact.
  ///
  /// @param into host memory of n floats in native order
  /// @throws BadFile if the tensor is not F16, BF16, F32 or F64
  public void readFloats(String name, long first, MemorySegment into) {
    Conversion.to(ValueLayout.JAVA_FLOAT_UNALIGNED).read(this, floating(name), first, into);
  }

  /// Fills `into` with doubles, from element `first` on; every type converts exactly.
  ///
  /// @param into host memory of n doubles in native order
  /// @throws BadFile if the tensor is not F16, BF16, F32 or F64
  public void readDoubles(String name, long first, MemorySegment into) {
    Conversion.to(ValueLayout.JAVA_DOUBLE_UNALIGNED).read(this, floating(name), first, into);
  }

  /// A whole small tensor as floats: see [#readFloats].
  public float[] floats(String name) {
    var values = new float[Math.toIntExact(floating(name).elements())];
    readFloats(name, 0, MemorySegment.ofArray(values));
    return values;
  }

  /// A whole small tensor as doubles: see [#readDoubles].
  public double[] doubles(String name) {
    var values = new double[Math.toIntExact(floating(name).elements())];
    readDoubles(name, 0, MemorySegment.ofArray(values));
    return values;
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw StoreFailure.reading(file, e);
    }
  }

  private StoredTensor floating(String name) {
    var tensor = tensor(name);
    if (!tensor.type().floating()) {
      throw new BadFile(
          file, "tensor \"%s\" is %s, which is not a floating type".formatted(name, tensor.type()));
    }
    return tensor;
  }

  private int headerLength(long size) throws IOException {
    if (size < LENGTH_BYTES) {
      throw new BadFile(file, "has " + size + " bytes, too few for a safetensors file");
    }
    var first = ByteBuffer.allocate((int) LENGTH_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    bytes.fill(0, MemorySegment.ofBuffer(first));
    long length = first.getLong(0);
    if (length < 0 || length > SafetensorsHeader.LONGEST) {
      throw new BadFile(
          file,
          "is not a safetensors file: its header would have %s bytes, more than %d"
              .formatted(Long.toUnsignedString(length), SafetensorsHeader.LONGEST));
    }
    if (length > size - LENGTH_BYTES) {
      throw new BadFile(
          file,
          "is truncated: its header has %d bytes, but only %d follow its length"
              .formatted(length, size - LENGTH_BYTES));
    }
    return (int) length;
  }

  private static void closeQuietly(FileChannel channel, Exception because) {
    try {
      if (channel != null) {
        channel.close();
      }
    } catch (IOException e) {
      because.addSuppressed(e);
    }
  }
}
