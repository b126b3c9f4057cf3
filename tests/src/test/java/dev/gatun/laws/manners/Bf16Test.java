package dev.gatun.laws.manners;

import dev.gatun.ffi.Kernels;
import dev.gatun.laws.Devices;
import dev.gatun.laws.manners.Call.Region;
import dev.gatun.laws.manners.Rig.Run;
import dev.gatun.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/// In bf16 a kernel computes what it computes in fp32, rounded once where it is stored. Its inputs
/// are numbers that bf16 holds, and so few of them that it also holds the sums which some kernels
/// store on their way.
@Tag("backend")
class Bf16Test {
  /// Products that are cut into tiles of each size, and into parts.
  private static final String PRODUCTS =
      """
      matmul_forward  batch=1 rows=264 cols=520 inner=72 transposed=0,1,2,3
      matmul_forward  batch=1 rows=640 cols=640 inner=40 transposed=0,1,2,3
      matmul_forward  batch=1 rows=136 cols=120 inner=72 transposed=0,1,2,3
      matmul_forward  batch=1 rows=64 cols=72 inner=1000 transposed=0,1,2,3
      matmul_forward  batch=1 rows=65 cols=33 inner=300 transposed=0,1,2,3
      linear_forward  rows=136 in=72 out=120 activation=1
      linear_pullback rows=1000 in=64 out=72 activation=0 dpre=absent pre=absent x_pre=absent
      linear_pullback rows=33 in=1045 out=8 activation=0 dpre=absent pre=absent x_pre=absent
      """;

  /// Its numbers stay below a bound that rounding would reach.
  private static final String STAYS_BELOW = "random_uniform";

  /// They round on their way what then cancels in sums, as it passes from one kernel to the next or
  /// to tensor cores; what comes of it is for the laws of their ops to judge.
  private static final Set<String> ROUND_ON_THEIR_WAY =
      Set.of(
          "attention_pullback",
          "attention_tangent",
          "attention_pullback_tangent",
          "mlp_forward",
          "mlp_pullback",
          "attention_block_forward",
          "attention_block_pullback");

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
  Stream<DynamicTest> roundsOnceWhatFp32Computes() {
    return Prototype.KERNELS.stream()
        .filter(kernel -> Devices.isUnderTest(kernel.name()))
        .filter(kernel -> !STAYS_BELOW.equals(kernel.name()))
        .filter(kernel -> !ROUND_ON_THEIR_WAY.contains(kernel.name()))
        .map(
            kernel ->
                DynamicTest.dynamicTest(
                    kernel.name(), () -> samples(kernel).forEach(each -> check(kernel, each))));
  }

  /// All but those that round at random, those that round the gradients of logits on their way to
  /// sums in which these cancel, and those whose normals are rounded as activations are.
  private static Stream<KernelSample> samples(Prototype kernel) {
    var products = KernelSamples.read(PRODUCTS).getOrDefault(kernel.name(), List.of());
    return Stream.concat(KernelSamples.ALL.get(kernel.name()).stream(), products.stream())
        .filter(sample -> !sample.present().contains("scratch"))
        .filter(sample -> !sample.present().contains("key"))
        .filter(sample -> sample.scalars().getOrDefault("probe", 0.0) != Kernels.NORMALS);
  }

  private static void check(Prototype kernel, KernelSample sample) {
    try (var arena = Arena.ofConfined()) {
      var wide = Call.of(kernel, sample, DType.F32);
      var narrow = Call.of(kernel, sample, DType.BF16);
      var before = rig.fill(wide, arena, Call.NAN_POISON, -1);
      var expected = run(wide, like(wide, before, wide, before), arena);
      var other = rig.fill(narrow, arena, Call.NAN_POISON, -1);
      var found = run(narrow, like(narrow, other, wide, before), arena);
      Blocks.requireComplete(narrow, found, Call.NAN_POISON);
      Blocks.requireUntouched(narrow, found);
      for (int i = 0; i < narrow.regions().size(); i++) {
        var region = narrow.regions().get(i);
        if (!region.written() || !region.isFloating()) continue;
        requireRounded(
            narrow,
            region,
            wide.read(expected.after(), wide.regions().get(i)),
            narrow.read(found.after(), region));
      }
    }
  }

  private static Run run(Call call, MemorySegment before, Arena arena) {
    rig.put(before);
    rig.invoke(call, call.sample(), -1);
    return new Run(before, rig.contents(call, arena));
  }

  /// A block with the integers of the `wide` one, and with multiples of a quarter that both types
  /// hold, for what is read; of a half for the head, whose logits are long sums.
  private static MemorySegment like(
      Call call, MemorySegment block, Call wide, MemorySegment wideBlock) {
    int parts = call.kernel().name().startsWith("head_loss") ? 2 : 4;
    for (int i = 0; i < call.regions().size(); i++) {
      var region = call.regions().get(i);
      if (call.isOverwritten(region, -1) || region.isTable()) continue;
      var place = block.asSlice(region.offset(), region.end(call.dtype()) - region.offset());
      if (region.isFloating()) {
        var random = new SplittableRandom(i);
        for (int at = 0; at < region.count(); at++) {
          call.write(place, region, at, (1 + random.nextInt(parts)) / (double) parts);
        }
      } else {
        place.copyFrom(wideBlock.asSlice(wide.regions().get(i).offset(), place.byteSize()));
      }
    }
    return block;
  }

  /// Rounding moves a number by half a spacing of bf16, which is at most a 256th of it; and
  /// so each of its positive terms, where `dpre` held them or tensor cores take their
  /// weights. Two orders of a sum differ as in fp32.
  private static void requireRounded(Call call, Region region, double[] expected, double[] found) {
    double orders = Blocks.rounding(call, expected, Math.ulp(1f));
    boolean narrow = region.elements(call.dtype()) == DType.BF16;
    boolean ofNarrow =
        call.sample().present().contains("dpre")
            || call.kernel().name().equals("attention_forward");
    for (int i = 0; i < expected.length; i++) {
      double rounding =
          (narrow ? Math.ulp((float) expected[i]) * 0x1p15 : 0)
              + (ofNarrow ? Math.abs(expected[i]) * 0x1p-8 : 0);
      call.require(
          Math.abs(found[i] - expected[i]) <= rounding + orders,
          "%s[%d] is %.9g, in fp32 %.9g",
          region.parameter().name(),
          i,
          found[i],
          expected[i]);
    }
  }
}
