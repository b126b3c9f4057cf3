package dev.gatun.interop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.ClosedTensor;
import dev.gatun.InvalidArgument;
import dev.gatun.laws.Devices;
import dev.gatun.memory.Device;
import dev.gatun.memory.Scope;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Tensors leave and arrive by DLPack without a copy, and their memory stays until the deleter is
/// called. What each field holds is the C test's affair.
@Tag("backend")
class DlPackTest {
  private static final int CPU_TYPE = 1;
  private static final int CUDA_TYPE = 2;

  /// Of DLManagedTensor, in bytes.
  private static final int DATA = 0;

  private static final int DEVICE_TYPE = 8;
  private static final int RANK = 16;
  private static final int TYPE = 20;
  private static final int SIZES = 24;
  private static final int STRIDES = 32;
  private static final int DELETER = 56;
  private static final int STRUCT_BYTES = 64;
  private static final int F32_OF_ONE_LANE = 2 | 32 << 8 | 1 << 16;

  @AutoClose private final Device device = Devices.underTest();
  private int deleted;

  @ParameterizedTest
  @EnumSource
  void whatLeavesArrivesWithoutACopy(DlPack.Form form) {
    try (var from = device.scope();
        var to = device.scope()) {
      var floats = Tensor.of(from, Shape.of(2, 3), 1f, 2f, 3f, 4f, 5f, 6f);
      var arrived = arrived(to, floats, form);
      assertEquals(floats.data().address(), arrived.data().address());
      assertEquals(Shape.of(2, 3), arrived.shape());
      assertEquals(DType.F32, arrived.dtype());
      device.kernels().fill(device.stream().handle(), arrived.data(), 2, 9, arrived.dtype().code());
      assertArrayEquals(new float[] {9, 9, 3, 4, 5, 6}, floats.toFloats());
      for (var dtype : DType.values()) {
        var other = arrived(to, Tensor.uninitialized(from, dtype, Shape.of(1, 0, 7)), form);
        assertEquals(dtype, other.dtype());
        assertEquals(Shape.of(1, 0, 7), other.shape());
      }
      assertEquals(Shape.SCALAR, arrived(to, floats.sum(), form).shape());
    }
  }

  /// Memory that is not kept would serve the next scope, which fills it with other numbers.
  @ParameterizedTest
  @EnumSource
  void theMemoryOutlivesItsScope(DlPack.Form form) {
    try (var to = device.scope()) {
      var from = device.scope();
      var arrived = arrived(to, Tensor.filled(from, DType.F32, Shape.of(1000), 2), form);
      from.close();
      try (var next = device.scope()) {
        Tensor.filled(next, DType.F32, Shape.of(1000), 3);
        assertEquals(2000, arrived.sum().item());
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void whatNobodyTookIsDeletedByWhoeverMadeIt(DlPack.Form form) throws InterruptedException {
    var from = device.scope();
    long managed = DlPack.exported(Tensor.filled(from, DType.F32, Shape.of(10), 1), form);
    var other = new Thread(() -> DlPack.delete(device, managed, form));
    other.start();
    other.join();
    long held = device.memory().heldBytes();
    from.close();
    assertEquals(held, device.memory().heldBytes(), "the memory serves the device's next scope");
  }

  @Test
  void anArrayOfAnotherLibraryIsGivenBackOnceItsScopeIsClosed() {
    try (var arena = Arena.ofConfined(); // longer than any scope that could call the deleter
        var memory = device.scope()) {
      var x = Tensor.of(memory, Shape.of(3, 2), 1f, 2f, 3f, 4f, 5f, 6f);
      var managed = managed(arena, x.data(), 3, 2);
      var scope = device.scope();
      var taken = DlPack.imported(scope, managed.address(), DlPack.Form.PLAIN);
      assertArrayEquals(new float[] {2, 4, 6, 8, 10, 12}, taken.plus(taken).toFloats());
      assertEquals(0, deleted);
      scope.close();
      assertEquals(1, deleted);
      assertThrows(ClosedTensor.class, taken::toFloats);
    }
    device.close();
    assertEquals(1, deleted);
  }

  @ParameterizedTest
  @EnumSource
  void scopesThatTakeEachOthersArraysDoNotKeepThem(DlPack.Form form) {
    try (var arena = Arena.ofConfined();
        var memory = device.scope()) {
      var managed = managed(arena, memory.floats(6), 3, 2);
      try (var one = device.scope();
          var other = device.scope()) {
        var taken = DlPack.imported(one, managed.address(), DlPack.Form.PLAIN);
        var there = arrived(other, taken, form);
        var back = arrived(one, there, form);
        arrived(one, back, form);
        var made = Tensor.filled(one, DType.F32, Shape.of(3), 1);
        arrived(one, arrived(other, made, form), form);
        assertEquals(0, deleted);
      }
      assertEquals(1, deleted);
    }
  }

  @Test
  void columnsInThePlaceOfRowsAreRefusedAndStayTheCallers() {
    try (var arena = Arena.ofConfined();
        var memory = device.scope()) {
      var x = Tensor.of(memory, Shape.of(3, 2), 1f, 2f, 3f, 4f, 5f, 6f);
      var managed = managed(arena, x.data(), 3, 2);
      managed.set(ValueLayout.ADDRESS, STRIDES, arena.allocateFrom(ValueLayout.JAVA_LONG, 1L, 3L));
      var why =
          assertThrows(
              InvalidArgument.class,
              () -> DlPack.imported(memory, managed.address(), DlPack.Form.PLAIN));
      assertTrue(why.getMessage().contains("row-major"), why::getMessage);
    }
    assertEquals(0, deleted);
  }

  @Test
  void onlyMemoryOfTheScopeLeaves() {
    try (var scope = device.scope();
        var other = device.scope()) {
      var lent = scope.lent(other.floats(4).address(), 16);
      var tensor = Tensor.over(scope, lent, DType.F32, Shape.of(4), null);
      var why =
          assertThrows(InvalidArgument.class, () -> DlPack.exported(tensor, DlPack.Form.VERSIONED));
      assertTrue(why.getMessage().contains("only its owner can hand it on"), why::getMessage);
    }
  }

  private static Tensor arrived(Scope to, Tensor from, DlPack.Form form) {
    return DlPack.imported(to, DlPack.exported(from, form), form);
  }

  /// A DLManagedTensor of F32 whose deleter counts.
  private MemorySegment managed(Arena arena, MemorySegment data, long... sizes) {
    var struct = arena.allocate(STRUCT_BYTES, 8);
    struct.set(ValueLayout.ADDRESS, DATA, data);
    struct.set(
        ValueLayout.JAVA_INT, DEVICE_TYPE, device.backend().equals("cpu") ? CPU_TYPE : CUDA_TYPE);
    struct.set(ValueLayout.JAVA_INT, RANK, sizes.length);
    struct.set(ValueLayout.JAVA_INT, TYPE, F32_OF_ONE_LANE);
    struct.set(ValueLayout.ADDRESS, SIZES, arena.allocateFrom(ValueLayout.JAVA_LONG, sizes));
    struct.set(ValueLayout.ADDRESS, DELETER, deleter(arena));
    return struct;
  }

  private MemorySegment deleter(Arena arena) {
    try {
      var counting =
          MethodHandles.lookup()
              .bind(this, "delete", MethodType.methodType(void.class, MemorySegment.class));
      var type = FunctionDescriptor.ofVoid(ValueLayout.ADDRESS);
      return Linker.nativeLinker().upcallStub(counting, type, arena);
    } catch (ReflectiveOperationException impossible) {
      throw new AssertionError(impossible);
    }
  }

  private void delete(MemorySegment managed) {
    deleted++;
  }
}
