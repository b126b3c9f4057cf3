package dev.gatun.laws.manners;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.laws.Devices;
import dev.gatun.laws.manners.Call.Region;
import dev.gatun.tensor.DType;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/// Every kernel of the header does to its arrays what the header says, and nothing else.
@Tag("laws")
@Tag("backend")
class MannersTest {
  private static Rig rig;

  @BeforeAll
  static void open() {
    rig = new Rig(Devices.underTest());
  }

  @AfterAll
  static void close() {
    rig.close();
  }

  @Test
  void everyKernelOfTheHeaderHasSamplesAndEverySampleAKernel() {
    var kernels = Prototype.KERNELS.stream().map(Prototype::name).sorted().toList();
    assertEquals(kernels, KernelSamples.ALL.keySet().stream().sorted().toList());
  }

  @TestFactory
  Stream<DynamicTest> writesAllOfItsOutputsAndNothingElse() {
    return each(MannersTest::requireWritten);
  }

  @TestFactory
  Stream<DynamicTest> neverReadsWhatItOverwrites() {
    return each(MannersTest::requireUnread);
  }

  @TestFactory
  Stream<DynamicTest> addsIntoWhatIsNotFresh() {
    return each(MannersTest::requireAdded);
  }

  @TestFactory
  Stream<DynamicTest> doesWithoutItsOptionalArguments() {
    return each(MannersTest::requireOptional);
  }

  private interface Check {
    void check(Call call, Arena arena);
  }

  /// Emulated, a kernel is slow, and the same source in fp64 as in fp32: the laws run it there.
  private static List<DType> types() {
    return Devices.isEmulated() ? List.of(DType.F32, DType.BF16) : rig.types();
  }

  private static Stream<DynamicTest> each(Check check) {
    return Prototype.KERNELS.stream()
        .filter(kernel -> Devices.isUnderTest(kernel.name()))
        .map(
            kernel ->
                DynamicTest.dynamicTest(
                    kernel.name(),
                    () -> {
                      for (var sample : KernelSamples.ALL.getOrDefault(kernel.name(), List.of())) {
                        for (var dtype : types()) {
                          try (var arena = Arena.ofConfined()) {
                            check.check(Call.of(kernel, sample, dtype), arena);
                          }
                        }
                      }
                    }));
  }

  private static void requireWritten(Call call, Arena arena) {
    for (byte poison : new byte[] {Call.NAN_POISON, Call.OTHER_POISON}) {
      var run = rig.run(call, arena, poison, -1);
      Blocks.requireComplete(call, run, poison);
      Blocks.requireUntouched(call, run);
    }
  }

  /// The same bits twice, and whatever stood in what is overwritten.
  private static void requireUnread(Call call, Arena arena) {
    var first = rig.run(call, arena, Call.NAN_POISON, -1).after();
    for (byte poison : new byte[] {Call.NAN_POISON, Call.OTHER_POISON}) {
      long at = first.mismatch(rig.run(call, arena, poison, -1).after());
      call.require(at < 0, "other bits at byte %d when run again over 0x%02x", at, poison);
    }
  }

  private static void requireAdded(Call call, Arena arena) {
    var accumulated = call.kernel().accumulated();
    if (accumulated.isEmpty()) return;
    var fresh = rig.run(call, arena, Call.NAN_POISON, -1).after();
    for (int mask : new int[] {0, 0b0101, 0b1010}) {
      var run = rig.run(call, arena, Call.NAN_POISON, mask);
      Blocks.requireUntouched(call, run);
      for (int i = 0; i < accumulated.size(); i++) {
        var region = call.region(accumulated.get(i));
        if (region == null) continue;
        boolean overwritten = (mask >> i & 1) == 1;
        var expected = call.read(fresh, region);
        if (!overwritten) add(expected, call.read(run.before(), region));
        Blocks.requireClose(call, region, expected, call.read(run.after(), region), "mask " + mask);
      }
    }
  }

  private static void add(double[] to, double[] from) {
    for (int i = 0; i < to.length; i++) to[i] += from[i];
  }

  private static void requireOptional(Call call, Arena arena) {
    var all = rig.run(call, arena, Call.NAN_POISON, -1).after();
    for (var array : call.kernel().arrays()) {
      boolean tried = array.optional() && call.region(array) != null;
      if (!tried || call.sample().present().contains(array.name())) continue;
      var without = Call.of(call.kernel(), call.sample().without(array.name()), call.dtype());
      var run = rig.run(call, without.sample(), arena, Call.NAN_POISON, -1);
      var untouched = new ArrayList<>(call.regions());
      untouched.replaceAll(region -> region.parameter() == array ? unwritten(region) : region);
      var remaining = new Call(call.kernel(), without.sample(), call.dtype(), untouched);
      Blocks.requireComplete(remaining, run, Call.NAN_POISON);
      Blocks.requireUntouched(remaining, run);
      if (!array.isWritten()) continue;
      for (var region : untouched) {
        if (!region.written()) continue;
        var expected = call.read(all, region);
        var how = "without " + array.name();
        Blocks.requireClose(remaining, region, expected, call.read(run.after(), region), how);
      }
    }
  }

  private static Region unwritten(Region region) {
    return new Region(region.parameter(), region.inTable(), region.offset(), region.count(), false);
  }
}
