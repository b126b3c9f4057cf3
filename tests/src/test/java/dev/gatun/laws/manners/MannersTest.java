package dev.gatun.laws.manners;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.laws.Devices;
import dev.gatun.laws.manners.Call.Region;
import dev.gatun.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
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

  /// All manners, of every sample, on the same runs where they ask for the same.
  @TestFactory
  Stream<DynamicTest> keepsItsMannersInFp32() {
    return eachKernel(List.of(DType.F32));
  }

  /// Emulated, a kernel is slow, and the same source in fp64 as in fp32: the laws run it there.
  @TestFactory
  @Tag("long-emulated")
  Stream<DynamicTest> keepsItsMannersInOtherTypes() {
    return eachKernel(Devices.isEmulated() ? List.of(DType.BF16) : List.of(DType.F64, DType.BF16));
  }

  private static Stream<DynamicTest> eachKernel(List<DType> types) {
    return Prototype.KERNELS.stream()
        .filter(kernel -> Devices.isUnderTest(kernel.name()))
        .map(kernel -> DynamicTest.dynamicTest(kernel.name(), () -> requireManners(kernel, types)));
  }

  private static void requireManners(Prototype kernel, List<DType> types) {
    for (var sample : KernelSamples.ALL.getOrDefault(kernel.name(), List.of())) {
      for (var dtype : types) {
        try (var arena = Arena.ofConfined()) {
          var call = Call.of(kernel, sample, dtype);
          var run = rig.run(call, arena, Call.NAN_POISON, -1);
          var overOther = rig.run(call, arena, Call.OTHER_POISON, -1);
          requireWritten(call, run, Call.NAN_POISON);
          requireWritten(call, overOther, Call.OTHER_POISON);
          requireSame(call, run, overOther, "over other bytes");
          requireSame(call, run, rig.run(call, arena, Call.NAN_POISON, -1), "when run again");
          requireAdded(call, run.after(), arena);
          requireOptional(call, run.after(), arena);
        }
      }
    }
  }

  /// All of its outputs, and nothing else.
  private static void requireWritten(Call call, Rig.Run run, byte poison) {
    Blocks.requireComplete(call, run, poison);
    Blocks.requireUntouched(call, run);
  }

  /// It never reads what it overwrites, and has the same bits twice.
  private static void requireSame(Call call, Rig.Run run, Rig.Run other, String how) {
    long at = run.after().mismatch(other.after());
    call.require(at < 0, "other bits at byte %d %s", at, how);
  }

  /// It adds into what is not fresh. Some of its arrays are, and others not: a bit each.
  private static void requireAdded(Call call, MemorySegment fresh, Arena arena) {
    var accumulated = call.kernel().accumulated();
    int all = (1 << accumulated.size()) - 1;
    var masks = IntStream.of(0, 0b0101, 0b1010).map(mask -> mask & all).distinct();
    for (int mask : masks.filter(each -> each != all).toArray()) {
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

  /// It does without its optional arguments.
  private static void requireOptional(Call call, MemorySegment all, Arena arena) {
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
