package dev.gatun.laws;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.ClosedTensor;
import dev.gatun.GatunException;
import dev.gatun.InvalidArgument;
import dev.gatun.OutOfDeviceMemory;
import dev.gatun.ShapeMismatch;
import dev.gatun.WrongDevice;
import dev.gatun.memory.Device;
import dev.gatun.op.Binary;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/// What callers do wrong ends in a typed exception with a sentence, never in a crash.
class MisuseTest {
  @AutoClose private final Device device = Device.cpu();

  private static void refused(Class<? extends GatunException> as, String says, Executable work) {
    var why = assertThrows(as, work).getMessage();
    assertTrue(why.contains(says), why);
  }

  @Test
  void javaCannotReadDeviceMemory() {
    var scope = device.scope();
    var data = Tensor.of(scope, Shape.of(4), 1f, 2, 3, 4).data();
    assertEquals(0, data.byteSize());
    assertThrows(IndexOutOfBoundsException.class, () -> data.get(ValueLayout.JAVA_BYTE, 0));
    assertThrows(IndexOutOfBoundsException.class, () -> data.set(ValueLayout.JAVA_FLOAT, 0, 1));
    scope.close();
    assertThrows(RuntimeException.class, () -> data.get(ValueLayout.JAVA_BYTE, 0));
  }

  @Test
  void aClosedTensorIsRefusedByName() {
    var scope = device.scope();
    var closed = Tensor.of(scope, Shape.of(2, 3), 1f, 2, 3, 4, 5, 6);
    scope.close();
    try (var open = device.scope()) {
      var other = Tensor.zeros(open, DType.F32, Shape.of(2, 3));
      refused(ClosedTensor.class, "add", () -> other.plus(closed));
      refused(ClosedTensor.class, "(2, 3)", closed::exp);
      refused(ClosedTensor.class, "copyTo", closed::toFloats);
      assertThrows(
          IllegalStateException.class,
          () ->
              device
                  .kernels()
                  .fill(device.stream().handle(), closed.data(), 6, 0, DType.F32.code()));
    }
  }

  @Test
  void aTensorOfAnotherDeviceIsRefusedByName() {
    try (var second = Device.cpu();
        var there = second.scope();
        var here = device.scope()) {
      var foreign = Tensor.zeros(there, DType.F32, Shape.of(3));
      var own = Tensor.zeros(here, DType.F32, Shape.of(3));
      refused(WrongDevice.class, "add: ", () -> new Binary(Binary.Kind.ADD).apply(own, foreign));
    }
  }

  @Test
  void anotherThreadIsToldWhoseTheDeviceIs() throws InterruptedException {
    var scope = device.scope();
    var tensor = Tensor.zeros(scope, DType.F32, Shape.of(3));
    var owner = Thread.currentThread().getName();
    for (Executable work :
        new Executable[] {
          tensor::exp,
          tensor::toFloats,
          device::scope,
          () -> scope.floats(1),
          scope::close,
          device::close
        }) {
      var seen = new AtomicReference<Throwable>();
      var intruder =
          Thread.ofPlatform()
              .name("intruder")
              .start(() -> seen.set(assertThrows(WrongDevice.class, work)));
      intruder.join();
      assertTrue(seen.get().getMessage().contains(owner), seen.get().getMessage());
      assertTrue(seen.get().getMessage().contains("intruder"), seen.get().getMessage());
    }
    assertEquals(1, tensor.exp().toFloats()[0]);
  }

  @Test
  void workWithoutAScopeOrDeviceIsRefused() {
    var outer = device.scope();
    var tensor = Tensor.zeros(outer, DType.F32, Shape.of(3));
    refused(ShapeMismatch.class, "add: ", () -> new Binary(Binary.Kind.ADD).apply());
    device.close();
    refused(ClosedTensor.class, "closed", tensor::exp);
    refused(ClosedTensor.class, "closed", device::scope);
    device.close();
    try (var fresh = Device.cpu()) {
      refused(InvalidArgument.class, "no scope is open", fresh::innermost);
    }
  }

  @Test
  void aScopeThatIsFullSaysAskedFreeAndTotal() {
    try (var scope = device.scope(1 << 20)) {
      scope.bytes(1 << 18);
      requireNumbers(3 << 18 | 1, 3 << 18, 1 << 20, () -> scope.bytes(3 << 18 | 1));
      scope.bytes(3 << 18);
      requireNumbers(1, 0, 1 << 20, () -> scope.bytes(1));
    }
  }

  private static void requireNumbers(long asked, long free, long total, Executable work) {
    var why = assertThrows(OutOfDeviceMemory.class, work).getMessage();
    var numbers =
        Pattern.compile("\\d+").matcher(why).results().map(m -> Long.parseLong(m.group())).toList();
    assertEquals(List.of(asked, free, total), numbers, why);
  }

  @Test
  void aMachineThatIsFullSaysSoAndGoesOn() {
    try (var scope = device.scope()) {
      refused(OutOfDeviceMemory.class, "free of", () -> scope.bytes(1L << 50));
      refused(OutOfDeviceMemory.class, "free of", () -> scope.bytes(Long.MAX_VALUE - 3));
      refused(InvalidArgument.class, "bytes is -1", () -> scope.bytes(-1));
      assertEquals(0, Tensor.zeros(scope, DType.F32, Shape.of(3)).toFloats()[0]);
    }
  }
}
