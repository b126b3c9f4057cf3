package dev.gatun.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.ClosedTensor;
import dev.gatun.InvalidArgument;
import dev.gatun.Unsupported;
import dev.gatun.memory.Device;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.List;
import jcuda.Pointer;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import jcuda.runtime.cudaStream_t;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/// Addresses go into JCuda's pointers and come out of them as they are, and what is no device
/// memory is refused. Nothing here needs a driver.
class JCudaPointersTest {
  @AutoClose private final Device device = Device.cpu(1);
  private final MemorySegment memory = device.scope().floats(64);

  /// What JCuda's native side makes of a pointer.
  private static final class Seen extends Pointer {
    Seen(Pointer pointer) {
      super(pointer);
    }

    static long of(Pointer pointer) {
      var seen = new Seen(pointer);
      return seen.getNativePointer() + seen.getByteOffset();
    }
  }

  @Test
  void jcudaSeesTheAddressOfAScopesMemory() {
    assertEquals(memory.address(), Seen.of(JCudaPointers.pointer(memory)));
    assertEquals(memory.address(), Seen.of(JCudaPointers.devicePointer(memory)));
    assertEquals(memory.address() + 24, Seen.of(JCudaPointers.pointer(memory).withByteOffset(24)));
  }

  @Test
  void anAddressComesBackWithAllItsOffsets() {
    long address = memory.address();
    for (var pointer :
        List.of(
            JCudaPointers.pointer(memory),
            JCudaPointers.devicePointer(memory),
            new CUdeviceptr().withByteOffset(address))) {
      assertEquals(address, JCudaPointers.address(pointer));
      assertEquals(address + 40, JCudaPointers.address(pointer.withByteOffset(40)));
      var twice = pointer.withByteOffset(40).withByteOffset(-8);
      assertEquals(address + 32, JCudaPointers.address(twice));
    }
  }

  @Test
  void pointersOfTheHostAreRefused() {
    for (var host :
        List.of(
            Pointer.to(new float[4]),
            Pointer.to(new float[4]).withByteOffset(8),
            Pointer.to(ByteBuffer.allocateDirect(16)),
            Pointer.to(JCudaPointers.pointer(memory)),
            new Pointer(),
            new CUdeviceptr())) {
      refused("null or one of host memory", () -> JCudaPointers.address(host));
    }
  }

  @Test
  void memoryThatIsNoScopesIsRefused() {
    refused("of the host", () -> JCudaPointers.pointer(MemorySegment.ofArray(new float[4])));
    try (var arena = Arena.ofConfined()) {
      var host = arena.allocate(16);
      refused("of the host", () -> JCudaPointers.devicePointer(host));
    }
  }

  @Test
  void memoryOfAClosedScopeIsRefused() {
    device.innermost().close();
    var why = assertThrows(ClosedTensor.class, () -> JCudaPointers.pointer(memory));
    assertTrue(why.getMessage().contains("scope is closed"), why::getMessage);
    assertThrows(ClosedTensor.class, () -> JCudaPointers.devicePointer(memory));
  }

  @Test
  void theCpuSharesNothingWithJcuda() {
    var scope = device.innermost();
    var tensor = Tensor.zeros(scope, DType.F32, Shape.of(4));
    var pointer = JCudaPointers.pointer(memory);
    refused("is the CPU", () -> JCudaPointers.pointer(tensor));
    refused("is the CPU", () -> JCudaPointers.devicePointer(tensor));
    refused("is the CPU", () -> JCudaPointers.lent(scope, pointer, 16));
    refused("is the CPU", () -> JCudaPointers.tensor(scope, pointer, DType.F32, Shape.of(4)));
    refused("is the CPU", () -> JCudaStreams.wrap(device, new cudaStream_t()));
    refused("is the CPU", () -> JCudaStreams.wrap(device, new CUstream()));
  }

  @Test
  void theCpusLibraryItselfWrapsNoStream() {
    var why = assertThrows(Unsupported.class, () -> device.wrap(memory.address()));
    assertTrue(why.getMessage().contains("the CPU has no streams"), why::getMessage);
  }

  @Test
  void theCpuIsLentAnyMemoryThatIsNotNull() {
    var scope = device.innermost();
    try (var arena = Arena.ofConfined()) {
      var host = arena.allocate(32, 8);
      var lent = scope.lent(host.address(), 32);
      assertEquals(0, lent.byteSize());
      device.kernels().fill(device.stream().handle(), lent, 8, 1.5, DType.F32.code());
      assertEquals(1.5f, host.getAtIndex(ValueLayout.JAVA_FLOAT, 7));
    }
    refused("is null", () -> scope.lent(0, 4));
    refused("must not be negative", () -> scope.lent(memory.address(), -1));
  }

  private static void refused(String says, Executable work) {
    var why = assertThrows(InvalidArgument.class, work).getMessage();
    assertTrue(why.contains(says), why);
  }
}
