package dev.gatun.laws.emulator;

import dev.gatun.laws.manners.Extent;
import dev.gatun.laws.manners.Invocation;
import dev.gatun.laws.manners.Parameter;
import dev.gatun.laws.manners.Parameter.Manner;
import dev.gatun.memory.Device;
import dev.gatun.memory.Scope;
import dev.gatun.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;

/// Calls kernels on the emulator, over random arrays of the sizes that their prototypes say, and
/// tells what each launch spent, by the kernel's name in CUDA.
final class Meter implements AutoCloseable {
  private static final int COUNTED = 3;
  private static final double RATE = 1e-3;

  private final Device device;
  private final SplittableRandom random = new SplittableRandom(1);

  Meter() {
    this(Device.emulated());
  }

  Meter(Device device) {
    this.device = device;
  }

  Map<String, Counts> spent(Case call) {
    try (var scope = device.scope()) {
      var arguments = new HashMap<Parameter, Object>();
      for (var parameter : call.kernel().parameters()) {
        arguments.put(parameter, argument(scope, parameter, call));
      }
      return Emulator.counted(
          () ->
              Invocation.of(
                  call.kernel(), device.kernels(), device.stream().handle(), arguments::get));
    }
  }

  private Object argument(Scope scope, Parameter parameter, Case call) {
    if (!parameter.isArray()) return scalar(parameter, call);
    if (call.sample().absent().contains(parameter.name())) return MemorySegment.NULL;
    return array(scope, parameter, call.sample().scalars(), call.dtype());
  }

  private static double scalar(Parameter parameter, Case call) {
    var given = call.sample().scalars();
    return switch (parameter.name()) {
      case "dtype" -> call.dtype().code();
      case "fresh" -> given.getOrDefault("fresh", -1.0);
      default -> given.getOrDefault(parameter.name(), parameter.type().equals("double") ? 0.5 : 0);
    };
  }

  private MemorySegment array(
      Scope scope, Parameter array, Map<String, Double> sizes, DType dtype) {
    int bytes = array.bytes(dtype);
    long count = Extent.of(array.extent(), sizes);
    long shift = sizes.getOrDefault("shift", 0.0).longValue() * bytes;
    var address = scope.at(scope.bytes(count * bytes + shift), shift);
    try (var arena = Arena.ofConfined()) {
      var host = arena.allocate(count * bytes, Long.BYTES);
      for (long i = 0; i < count; i++) put(scope, host, i, array, sizes, dtype);
      scope.copyToDevice(address, host);
    }
    return address;
  }

  private void put(
      Scope scope,
      MemorySegment host,
      long i,
      Parameter array,
      Map<String, Double> sizes,
      DType dtype) {
    if (array.manner() == Manner.TABLE) {
      long bytes = sizes.get("each").longValue() * array.dtype(dtype).bytes();
      host.setAtIndex(ValueLayout.JAVA_LONG, i, scope.bytes(bytes).address());
      return;
    }
    switch (array.type()) {
      case "double" -> host.setAtIndex(ValueLayout.JAVA_DOUBLE, i, RATE);
      case "int64_t" ->
          host.setAtIndex(
              ValueLayout.JAVA_LONG, i, sizes.getOrDefault("each", (double) COUNTED).longValue());
      case "int32_t" ->
          host.setAtIndex(
              ValueLayout.JAVA_INT,
              i,
              sizes
                  .getOrDefault(array.name(), (double) random.nextInt(limit(array, sizes)))
                  .intValue());
      default -> put(host, i, (float) random.nextDouble(-1, 1), array.bytes(dtype));
    }
  }

  /// Of what is only written, integers have none.
  private static int limit(Parameter array, Map<String, Double> sizes) {
    if (array.limit().isEmpty()) return 1;
    return Math.toIntExact(Extent.of(array.limit(), sizes));
  }

  private static void put(MemorySegment host, long i, float x, int bytes) {
    switch (bytes) {
      case Short.BYTES ->
          host.setAtIndex(ValueLayout.JAVA_SHORT, i, (short) (Float.floatToRawIntBits(x) >>> 16));
      case Float.BYTES -> host.setAtIndex(ValueLayout.JAVA_FLOAT, i, x);
      default -> host.setAtIndex(ValueLayout.JAVA_DOUBLE, i, x);
    }
  }

  @Override
  public void close() {
    device.close();
  }
}
