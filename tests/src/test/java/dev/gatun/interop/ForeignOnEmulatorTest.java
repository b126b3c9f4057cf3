package dev.gatun.interop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.ClosedTensor;
import dev.gatun.InvalidArgument;
import dev.gatun.laws.emulator.Emulator;
import dev.gatun.laws.emulator.Emulator.Foreign;
import dev.gatun.memory.Device;
import dev.gatun.memory.Scope;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import jcuda.Pointer;
import jcuda.driver.CUdeviceptr;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/// Memory and streams of another library on the emulator, which makes them as CUDA would:
/// kernels work there and nowhere else, nothing of the other library's is given back, and
/// what belongs to another context is refused.
@Tag("emulator")
class ForeignOnEmulatorTest {
  private static final int BYTES = 4096;
  private static final int FLOATS = BYTES / Float.BYTES;

  @AutoClose private final Device device = Device.emulated();
  private final Scope scope = device.scope();

  @Test
  void kernelsWorkOnTheirMemoryAndOnTheirStream() {
    long memory = Emulator.takeMemory(BYTES, Foreign.DEVICE);
    long stream = Emulator.makeStream(true);
    long held = Emulator.held();
    read(memory).fill((byte) 0);
    int first = 6;
    int count = 500;
    try (var theirs = device.wrap(stream)) {
      var pointer = pointer(memory).withByteOffset(first * Float.BYTES);
      var x = JCudaPointers.tensor(scope, pointer, DType.F32, Shape.of(count));
      assertEquals(memory + first * Float.BYTES, JCudaPointers.address(JCudaPointers.pointer(x)));
      long asked = Emulator.askedOf(stream);
      device.kernels().fill(theirs.handle(), x.data(), count, 2, DType.F32.code());
      assertEquals(asked + 1, Emulator.askedOf(stream));
      assertArrayEquals(filled(count, 2), x.toFloats());
    }
    var expected = new float[FLOATS];
    System.arraycopy(filled(count, 2), 0, expected, first, count);
    assertArrayEquals(expected, read(memory).toArray(ValueLayout.JAVA_FLOAT));
    scope.close();
    assertEquals(held, Emulator.held(), "what was theirs is still there, what was ours is not");
    Emulator.endStream(stream);
    Emulator.giveMemory(memory);
  }

  @Test
  void operationsTakeLentTensors() {
    long memory = Emulator.takeMemory(BYTES, Foreign.POOL);
    var x = JCudaPointers.tensor(scope, pointer(memory), DType.F64, Shape.of(3, 4));
    x.copyFrom(MemorySegment.ofArray(new double[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}));
    assertEquals(78, x.sum().item());
    scope.close();
    assertThrows(ClosedTensor.class, () -> JCudaPointers.pointer(x));
    Emulator.giveMemory(memory);
  }

  @Test
  void whatKernelsMustNotBeGivenIsRefused() {
    long memory = Emulator.takeMemory(BYTES, Foreign.DEVICE);
    long theirContext = Emulator.takeMemory(BYTES, Foreign.OTHER_CONTEXT);
    long host = Emulator.takeMemory(BYTES, Foreign.HOST);
    JCudaPointers.lent(scope, pointer(memory), BYTES);
    refused(
        "another CUDA context than the device's primary one",
        () -> JCudaPointers.lent(scope, pointer(theirContext), BYTES));
    refused("not one of device memory", () -> JCudaPointers.lent(scope, pointer(host), BYTES));
    refused(
        "ends after 4096 of 4097 bytes",
        () -> JCudaPointers.lent(scope, pointer(memory), BYTES + 1));
    refused(
        "ends after 4092 of 4096 bytes",
        () -> JCudaPointers.lent(scope, pointer(memory + 4), BYTES));
    refused(
        "no multiple of the 4 bytes",
        () -> JCudaPointers.tensor(scope, pointer(memory + 2), DType.F32, Shape.of(1)));
    for (long address : new long[] {memory, theirContext, host}) Emulator.giveMemory(address);
  }

  @Test
  void aStreamOfAnotherContextIsRefusedAndNothingStaysBehind() {
    long theirContext = Emulator.makeStream(false);
    long held = Emulator.held();
    refused("another CUDA context", () -> device.wrap(theirContext));
    refused("none that the CUDA driver knows", () -> device.wrap(0xdead0));
    assertEquals(held, Emulator.held());
    Emulator.endStream(theirContext);
  }

  @Test
  void nullIsTheLegacyDefaultStream() {
    var x = Tensor.zeros(scope, DType.F32, Shape.of(8));
    try (var legacy = device.wrap(0)) {
      long asked = Emulator.askedOf(0);
      device.kernels().fill(legacy.handle(), x.data(), 8, 3, DType.F32.code());
      legacy.join();
      assertEquals(asked + 1, Emulator.askedOf(0));
    }
    assertArrayEquals(filled(8, 3), x.toFloats());
  }

  @Test
  void oneStreamFollowsAnother() {
    long stream = Emulator.makeStream(true);
    try (var theirs = device.wrap(stream)) {
      long asked = Emulator.askedOf(stream);
      device.stream().follow(theirs);
      assertEquals(asked + 1, Emulator.askedOf(stream), "an event stands behind their work");
    }
    Emulator.endStream(stream);
  }

  /// The device closes what it wrapped, but not what it wrapped it around.
  @Test
  void theDeviceLeavesTheirStreamOpen() {
    long stream = Emulator.makeStream(true);
    long held = Emulator.held();
    try (var second = Device.emulated()) {
      second.wrap(stream);
    }
    assertEquals(held, Emulator.held());
    var closed = device.wrap(stream);
    closed.close();
    closed.close();
    assertThrows(ClosedTensor.class, closed::handle);
    assertEquals(held, Emulator.held());
    Emulator.endStream(stream);
    assertEquals(held - 1, Emulator.held());
  }

  private static Pointer pointer(long address) {
    return new CUdeviceptr().withByteOffset(address);
  }

  /// The emulated device's memory is the host's.
  private static MemorySegment read(long address) {
    return MemorySegment.ofAddress(address).reinterpret(BYTES);
  }

  private static float[] filled(int count, float value) {
    var elements = new float[count];
    Arrays.fill(elements, value);
    return elements;
  }

  private static void refused(String says, Executable work) {
    var why = assertThrows(InvalidArgument.class, work).getMessage();
    assertTrue(why.contains(says), why);
  }
}
