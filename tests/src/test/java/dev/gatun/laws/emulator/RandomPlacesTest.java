package dev.gatun.laws.emulator;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.gatun.laws.manners.Invocation;
import dev.gatun.laws.manners.Prototype;
import dev.gatun.memory.Device;
import dev.gatun.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A random number depends on its place in the sequence alone: on no array's beginning, on no
/// length of a call, and on no backend.
@Tag("emulator")
class RandomPlacesTest {
  private static final int WHOLE = 5000;
  private static final int PLACES = 9;

  @ParameterizedTest
  @ValueSource(strings = {"random_normal", "random_uniform", "random_sign"})
  void anyStretchIsAPartOfTheSequence(String name) {
    var kernel = Prototype.of(name);
    try (var device = Device.emulated()) {
      for (var dtype : new DType[] {DType.F32, DType.F64, DType.BF16}) {
        var whole = numbers(device, kernel, dtype, 0, WHOLE, 0);
        for (int first = 0; first < PLACES; first++) {
          for (int shift = 0; shift < PLACES; shift++) {
            int n = 1 + first * shift;
            var part = numbers(device, kernel, dtype, first, n, shift);
            int bytes = dtype.bytes();
            assertArrayEquals(
                Arrays.copyOfRange(whole, first * bytes, (first + n) * bytes),
                part,
                "%s %s from %d, %d of them, shifted by %d".formatted(name, dtype, first, n, shift));
          }
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"random_normal", "random_uniform", "random_sign"})
  void theSequenceIsTheOneOfTheCpu(String name) {
    var kernel = Prototype.of(name);
    try (var emulated = Device.emulated();
        var cpu = Device.cpu()) {
      for (var dtype : new DType[] {DType.F32, DType.F64}) {
        assertArrayEquals(
            numbers(cpu, kernel, dtype, 3, WHOLE, 1),
            numbers(emulated, kernel, dtype, 3, WHOLE, 1),
            name + " " + dtype);
      }
    }
  }

  private static byte[] numbers(
      Device device, Prototype kernel, DType dtype, long first, long n, long shift) {
    try (var scope = device.scope();
        var arena = Arena.ofConfined()) {
      var key = scope.longs(2);
      scope.copyToDevice(key, arena.allocateFrom(ValueLayout.JAVA_LONG, 42, 7));
      var x = scope.at(scope.bytes((n + shift) * dtype.bytes()), shift * dtype.bytes());
      Invocation.of(
          kernel,
          device.kernels(),
          device.stream().handle(),
          parameter ->
              switch (parameter.name()) {
                case "x" -> x;
                case "key" -> key;
                case "first" -> first;
                case "n" -> n;
                case "dtype" -> dtype.code();
                case "mean", "low" -> 0.5;
                default -> 2.0;
              });
      var host = arena.allocate(n * dtype.bytes());
      scope.copyToHost(host, x);
      return host.toArray(ValueLayout.JAVA_BYTE);
    }
  }
}
