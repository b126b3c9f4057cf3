package dev.gatun.store;

import dev.gatun.memory.Device;
import dev.gatun.memory.Scope;
import dev.gatun.nn.Parameters;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Between device memory and safetensors, chunk by chunk.
final class DeviceTensors {
  private static final long CHUNK_ELEMENTS = 1 << 20;

  private DeviceTensors() {}

  static StoredType storedType(DType dtype) {
    return switch (dtype) {
      case F32 -> StoredType.F32;
      case F64 -> StoredType.F64;
      case BF16 -> StoredType.BF16;
      case I32 -> StoredType.I32;
      case I64 -> StoredType.I64;
    };
  }

  /// The leading `shape` of a tensor under a name of the file.
  static OutgoingTensor outgoing(Parameters owner, String name, Tensor tensor, Shape shape) {
    return outgoing(owner, name, tensor.data(), tensor.dtype(), shape);
  }

  static OutgoingTensor outgoing(
      Parameters owner, String name, MemorySegment data, DType dtype, Shape shape) {
    var scope = owner.scope();
    return new OutgoingTensor(
        StoredTensor.of(name, storedType(dtype), shape.sizes()),
        (offset, into) -> scope.copyToHost(into, scope.at(data, offset)));
  }

  /// Fills the leading `shape` of a tensor from the file, converting to its type.
  static void load(
      Path file, Safetensors stored, String name, Parameters owner, Tensor tensor, Shape shape) {
    load(file, stored, name, owner.scope(), tensor.data(), tensor.dtype(), shape);
  }

  static void load(
      Path file,
      Safetensors stored,
      String name,
      Scope scope,
      MemorySegment data,
      DType dtype,
      Shape shape) {
    if (!stored.has(name)) throw new BadFile(file, "lacks the tensor \"%s\"".formatted(name));
    requireShape(file, stored.tensor(name), shape);
    long chunk = Math.min(CHUNK_ELEMENTS, shape.count());
    var wide = dtype.wide();
    try (var arena = Arena.ofConfined();
        var work = scope.device().scope()) {
      var host = arena.allocate(chunk * wide.bytes(), Long.BYTES);
      boolean narrows = wide != dtype;
      var staged = narrows ? Tensor.uninitialized(work, wide, Shape.of(chunk)).data() : null;
      for (long at = 0; at < shape.count(); at += chunk) {
        long count = Math.min(chunk, shape.count() - at);
        var part = host.asSlice(0, count * wide.bytes());
        if (wide == DType.F64) stored.readDoubles(name, at, part);
        else stored.readFloats(name, at, part);
        var to = scope.at(data, at * dtype.bytes());
        scope.copyToDevice(narrows ? staged : to, part);
        if (narrows) narrow(scope.device(), to, staged, count, dtype);
      }
    }
  }

  private static void narrow(
      Device device, MemorySegment to, MemorySegment from, long count, DType dtype) {
    device.kernels().narrow(device.stream().handle(), to, from, count, dtype.code());
  }

  private static void requireShape(Path file, StoredTensor tensor, Shape shape) {
    var wanted = new ArrayList<Long>();
    Arrays.stream(shape.sizes()).forEach(wanted::add);
    if (!tensor.shape().equals(wanted)) {
      throw new BadFile(
          file,
          "has \"%s\" with shape %s; the model wants %s"
              .formatted(tensor.name(), text(tensor.shape()), shape));
    }
  }

  private static Shape text(List<Long> sizes) {
    return Shape.of(sizes.stream().mapToLong(Long::longValue).toArray());
  }
}
