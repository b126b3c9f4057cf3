package dev.gatun.laws.manners;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.laws.Devices;
import dev.gatun.laws.emulator.Counts;
import dev.gatun.laws.emulator.Emulator;
import dev.gatun.laws.manners.Parameter.Manner;
import dev.gatun.tensor.DType;
import java.lang.foreign.Arena;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/// Every kernel of the header is launched on the device, and its launches write its outputs: none
/// is left to the host.
@Tag("emulator")
class LaunchesTest {
  private static Rig rig;

  @BeforeAll
  static void open() {
    rig = new Rig(Devices.underTest());
  }

  @AfterAll
  static void close() {
    rig.close();
  }

  @TestFactory
  Stream<DynamicTest> everyKernelRunsOnTheDevice() {
    return Prototype.KERNELS.stream()
        .map(
            kernel ->
                DynamicTest.dynamicTest(
                    kernel.name(),
                    () ->
                        KernelSamples.ALL.get(kernel.name()).stream()
                            .map(sample -> Call.of(kernel, sample, DType.F32))
                            .filter(call -> outputBytes(call) > 0)
                            .forEach(LaunchesTest::requireLaunched)));
  }

  private static long outputBytes(Call call) {
    return call.regions().stream()
        .filter(region -> region.written() && region.parameter().manner() != Manner.INOUT)
        .mapToLong(region -> region.end(call.dtype()) - region.offset())
        .sum();
  }

  private static void requireLaunched(Call call) {
    try (var arena = Arena.ofConfined()) {
      rig.fill(call, arena, Call.NAN_POISON, -1);
      var launches = Emulator.counted(() -> rig.invoke(call, call.sample(), -1)).values();
      long written = Counts.sum(launches, "written_bytes");
      assertTrue(Counts.sum(launches, "launches") > 0, () -> call + " launches nothing");
      assertTrue(
          written >= outputBytes(call),
          () -> "%s: %d bytes written: %s".formatted(call, written, launches));
    }
  }
}
