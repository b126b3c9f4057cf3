package dev.gatun.interop;

import dev.gatun.ClosedTensor;
import dev.gatun.InvalidArgument;
import dev.gatun.memory.Device;
import dev.gatun.memory.Scope;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import jcuda.Pointer;
import jcuda.driver.CUdeviceptr;

/// Device memory of JCuda as memory of a scope, and memory of a scope as pointers of JCuda:
/// the same bytes under both names. Whoever allocated them owns them, and must keep them
/// while the other works with them.
public final class JCudaPointers {
  private JCudaPointers() {}

  /// JCuda keeps the address to its subclasses, which may copy a pointer.
  private static final class Address extends Pointer {
    private final boolean isDevice;

    Address(Pointer pointer) {
      super(pointer);
      isDevice = getNativePointer() != 0 || pointer instanceof CUdeviceptr;
    }

    Address(long address) {
      super(address);
      isDevice = true;
    }

    long address() {
      return getNativePointer() + getByteOffset();
    }
  }

  /// Where the pointer points on the device, its byte offset included.
  public static long address(Pointer pointer) {
    var copy = new Address(pointer);
    if (!copy.isDevice || copy.address() == 0) {
      throw new InvalidArgument(
          "the pointer is null or one of host memory: only device memory can be shared with JCuda");
    }
    return copy.address();
  }

  /// `bytes` of JCuda's memory as memory of `scope`, for kernels. Refused is memory that
  /// kernels of its device must not be given, such as that of a context which `cuCtxCreate`
  /// made.
  public static MemorySegment lent(Scope scope, Pointer pointer, long bytes) {
    requireGpu(scope.device());
    return scope.lent(address(pointer), bytes);
  }

  /// A tensor over JCuda's memory, in row-major order.
  public static Tensor tensor(Scope scope, Pointer pointer, DType dtype, Shape shape) {
    long bytes = Math.multiplyExact(shape.count(), dtype.bytes());
    if (address(pointer) % dtype.bytes() != 0) {
      throw new InvalidArgument(
          "the pointer's address is no multiple of the %d bytes of an element"
              .formatted(dtype.bytes()));
    }
    return Tensor.over(scope, lent(scope, pointer, bytes), dtype, shape, null);
  }

  /// The tensor's memory for the runtime API and JCublas. Valid as long as the tensor's
  /// scope.
  public static Pointer pointer(Tensor tensor) {
    return new Address(usable("pointer", tensor));
  }

  /// Memory of a scope for the runtime API and JCublas. Valid as long as the scope.
  public static Pointer pointer(MemorySegment memory) {
    return new Address(usable(memory));
  }

  /// The tensor's memory for the driver API. Valid as long as the tensor's scope. JCuda holds
  /// all such pointers for equal, whatever they point to: they are no keys for a map.
  public static CUdeviceptr devicePointer(Tensor tensor) {
    return new CUdeviceptr().withByteOffset(usable("devicePointer", tensor));
  }

  /// Memory of a scope for the driver API, likewise.
  public static CUdeviceptr devicePointer(MemorySegment memory) {
    return new CUdeviceptr().withByteOffset(usable(memory));
  }

  private static long usable(String operation, Tensor tensor) {
    tensor.requireUsable(operation, tensor.device());
    requireGpu(tensor.device());
    return tensor.data().address();
  }

  private static long usable(MemorySegment memory) {
    if (!memory.isNative() || memory.byteSize() != 0) {
      throw new InvalidArgument("the memory is not that of a scope, but of the host");
    }
    if (!memory.scope().isAlive()) throw new ClosedTensor("the memory's scope is closed");
    return memory.address();
  }

  static void requireGpu(Device device) {
    if (device.backend().equals("cpu")) {
      throw new InvalidArgument("the device is the CPU: JCuda works on the memory of a GPU");
    }
  }
}
