package dev.gatun.laws.manners;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.gatun.laws.Devices;
import dev.gatun.laws.manners.Call.Region;
import dev.gatun.memory.Device;
import dev.gatun.tensor.DType;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/// Every kernel of the header gives on the device under test what it gives on the CPU, for the same
/// numbers and but for the order of sums. Random numbers have the same bits.
@Tag("gpu")
class AgreementTest {
  private static Rig rig;
  private static Rig cpu;

  @BeforeAll
  static void open() {
    rig = new Rig(Devices.underTest());
    cpu = new Rig(Device.cpu());
  }

  @AfterAll
  static void close() {
    rig.close();
    cpu.close();
  }

  @TestFactory
  Stream<DynamicTest> agreesWithTheCpu() {
    return Prototype.KERNELS.stream()
        .filter(kernel -> Devices.isUnderTest(kernel.name()))
        .map(kernel -> DynamicTest.dynamicTest(kernel.name(), () -> check(kernel)));
  }

  private static void check(Prototype kernel) {
    for (var sample : KernelSamples.ALL.get(kernel.name())) {
      for (var dtype : List.of(DType.F32, DType.F64)) {
        var call = Call.of(kernel, sample, dtype);
        try (var arena = Arena.ofConfined()) {
          var found = rig.run(call, arena, Call.NAN_POISON, -1).after();
          var expected = cpu.run(call, arena, Call.NAN_POISON, -1).after();
          for (var region : call.regions()) {
            if (!region.written()) continue;
            compare(call, region, call.read(expected, region), call.read(found, region));
          }
        }
      }
    }
  }

  private static void compare(Call call, Region region, double[] expected, double[] found) {
    if (call.kernel().name().startsWith("random_")) assertArrayEquals(expected, found);
    else Blocks.requireClose(call, region, expected, found, "the CPU");
  }
}
