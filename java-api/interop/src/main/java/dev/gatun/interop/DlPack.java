package dev.gatun.interop;

import dev.gatun.ffi.Backend;
import dev.gatun.ffi.Kernels;
import dev.gatun.memory.Device;
import dev.gatun.memory.Scope;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/// Tensors in and out by DLPack, as addresses of its structs (what a Python capsule named
/// `dltensor` or `dltensor_versioned` holds). A struct comes with a deleter, and whoever
/// receives it calls that once.
public final class DlPack {
  private DlPack() {}

  /// Which struct: that of DLPack before 1.0, which all libraries take, or that with a
  /// version.
  public enum Form {
    PLAIN(Kernels.DLPACK_PLAIN),
    VERSIONED(Kernels.DLPACK_VERSIONED);

    private final int code;

    Form(int code) {
      this.code = code;
    }
  }

  /// A new struct over the tensor's memory, for a receiver who calls its deleter, from any
  /// thread. Until then the memory stays, even where scope and device are closed before. Work
  /// on the tensor may still be under way: join the stream before another library reads it.
  public static long exported(Tensor tensor, Form form) {
    tensor.requireUsable("exported", tensor.device());
    var scope = tensor.scope();
    var shape = tensor.shape();
    try (var arena = Arena.ofConfined()) {
      var answer = arena.allocate(ValueLayout.ADDRESS);
      scope
          .device()
          .kernels()
          .dlpackExport(
              scope.handle(),
              answer,
              tensor.data(),
              arena.allocateFrom(ValueLayout.JAVA_LONG, shape.sizes()),
              shape.rank(),
              type(tensor.dtype()),
              Byte.SIZE * tensor.dtype().bytes(),
              form.code);
      return answer.get(ValueLayout.ADDRESS, 0).address();
    }
  }

  /// Takes over the array of the struct at `managed`, without a copy: its deleter is called
  /// when the scope is closed and the device's work is done, and when what was exported of it
  /// has been deleted. One that is refused stays the caller's.
  public static Tensor imported(Scope scope, long managed, Form form) {
    try (var arena = Arena.ofConfined()) {
      var address = arena.allocate(ValueLayout.ADDRESS);
      var sizes = arena.allocate(ValueLayout.JAVA_LONG, Kernels.DLPACK_MOST_AXES);
      var facts = arena.allocate(ValueLayout.JAVA_INT, 3);
      scope
          .device()
          .kernels()
          .dlpackImport(
              scope.handle(),
              address,
              sizes,
              facts,
              facts.asSlice(4),
              facts.asSlice(8),
              MemorySegment.ofAddress(managed),
              form.code);
      int rank = facts.getAtIndex(ValueLayout.JAVA_INT, 0);
      var shape = Shape.of(Arrays.copyOf(sizes.toArray(ValueLayout.JAVA_LONG), rank));
      var dtype =
          dtype(
              facts.getAtIndex(ValueLayout.JAVA_INT, 1), facts.getAtIndex(ValueLayout.JAVA_INT, 2));
      var data = scope.at(address.get(ValueLayout.ADDRESS, 0), 0);
      return Tensor.over(scope, data, dtype, shape, null);
    }
  }

  /// Calls the deleter of a struct that nobody took over. From any thread.
  public static void delete(Device device, long managed, Form form) {
    Backend.load(device.backend()).dlpackDelete(MemorySegment.ofAddress(managed), form.code);
  }

  private static int type(DType dtype) {
    return switch (dtype) {
      case F32, F64 -> Kernels.DLPACK_FLOAT;
      case BF16 -> Kernels.DLPACK_BFLOAT;
      case I32, I64 -> Kernels.DLPACK_INT;
    };
  }

  private static DType dtype(int type, int bits) {
    return Arrays.stream(DType.values())
        .filter(dtype -> type(dtype) == type && Byte.SIZE * dtype.bytes() == bits)
        .findFirst()
        .orElseThrow();
  }
}
