package dev.gatun.laws.manners;

import dev.gatun.laws.Bf16;
import dev.gatun.laws.Devices;
import dev.gatun.laws.manners.Call.Region;
import dev.gatun.memory.Device;
import dev.gatun.tensor.DType;
import java.lang.foreign.Arena;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/// Every kernel of the header gives on the device under test what it gives on the CPU, for the same
/// numbers: in fp32 and fp64 but for the order of sums, in bf16 what the CPU's fp32 says, stored.
/// Random numbers have the same bits.
@Tag("gpu")
class AgreementTest {
  /// In bf16 these store what they read again, which the laws of their ops account for.
  private static final Set<String> STORING =
      Set.of(
          "linear_forward",
          "linear_pullback",
          "residual_layernorm_forward",
          "head_loss_forward",
          "head_loss_pullback");

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
      for (var dtype : rig.types()) {
        if (dtype == DType.BF16 && STORING.contains(kernel.name())) continue;
        var call = Call.of(kernel, sample, dtype);
        var reference = Call.of(kernel, sample, dtype.wide());
        try (var arena = Arena.ofConfined()) {
          var found = rig.run(call, arena, Call.NAN_POISON, -1).after();
          var expected = cpu.run(reference, arena, Call.NAN_POISON, -1).after();
          for (int i = 0; i < call.regions().size(); i++) {
            var region = call.regions().get(i);
            if (!region.written()) continue;
            var numbers = reference.read(expected, reference.regions().get(i));
            compare(call, region, numbers, call.read(found, region));
          }
        }
      }
    }
  }

  private static void compare(Call call, Region region, double[] expected, double[] found) {
    boolean stored = region.elements(call.dtype()) == DType.BF16;
    for (int i = 0; stored && i < expected.length; i++) expected[i] = Bf16.nearest(expected[i]);
    if (!call.kernel().name().startsWith("random_")) {
      Blocks.requireClose(call, region, expected, found, "the CPU");
      return;
    }
    double high = call.sample().scalars().getOrDefault("high", Double.POSITIVE_INFINITY);
    for (int i = 0; i < expected.length; i++) {
      double below = high * (1 - Bf16.UNIT / 2); // takes the place of what rounding lifts to `high`
      double number = stored && expected[i] == high ? below : expected[i];
      call.require(found[i] == number, "%d is %s, not %s", i, found[i], number);
    }
  }
}
