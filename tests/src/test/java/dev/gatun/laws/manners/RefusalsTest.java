package dev.gatun.laws.manners;

import dev.gatun.GatunException;
import dev.gatun.InvalidArgument;
import dev.gatun.laws.Devices;
import dev.gatun.laws.manners.Parameter.Manner;
import dev.gatun.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/// What a kernel cannot serve it refuses in a sentence that names the argument, before it has
/// written anything.
@Tag("laws")
@Tag("backend")
class RefusalsTest {
  private static Rig rig;

  @BeforeAll
  static void open() {
    rig = new Rig(Devices.underTest());
  }

  @AfterAll
  static void close() {
    rig.close();
  }

  private interface Check {
    void check(Call call, Arena arena);
  }

  @TestFactory
  Stream<DynamicTest> refusesNullWhereAnArrayMustBe() {
    return each(
        (call, arena) -> {
          for (var array : call.kernel().arrays()) {
            var region = call.region(array);
            if (array.optional() || region == null || region.count() == 0) continue;
            var said = call.sample().without(array.name());
            refused(call, said, arena, InvalidArgument.class, array.name());
          }
          try {
            rig.invoke(call, MemorySegment.NULL, call.sample(), -1);
            call.require(false, "took a null stream");
          } catch (InvalidArgument refusal) {
            requireNamed(call, refusal, "stream");
          }
        });
  }

  @TestFactory
  Stream<DynamicTest> refusesNegativeSizes() {
    return each(
        (call, arena) -> {
          for (var size : call.kernel().parameters()) {
            if (!size.isSize()) continue;
            var said = call.sample().with(size.name(), -1);
            refused(call, said, arena, InvalidArgument.class, size.name());
          }
        });
  }

  /// Of which no memory holds the bytes, and an int64_t not their product.
  @TestFactory
  Stream<DynamicTest> refusesSizesBeyondAllMemory() {
    return each(
        (call, arena) -> {
          for (var size : call.kernel().parameters()) {
            // Where in a sequence of random numbers a call begins, is any number.
            if (!size.isSize() || size.name().equals("first")) continue;
            var said = call.sample().with(size.name(), 0x1p62);
            refused(call, said, arena, InvalidArgument.class, size.name());
          }
        });
  }

  /// Sizes of which memory may hold each, but not their product, which an int64_t takes for 0.
  @TestFactory
  Stream<DynamicTest> refusesArraysBeyondAllMemory() {
    return each(
        (call, arena) -> {
          for (var array : call.kernel().arrays()) {
            var factors = array.extent().split("\\*");
            if (factors.length < 2 || call.region(array) == null) continue;
            var said = call.sample();
            for (var factor : factors) {
              if (factor.matches("[a-z]\\w*")) said = said.with(factor, 0x1p40);
            }
            refused(call, said, arena, InvalidArgument.class, "\\w+");
          }
        });
  }

  @TestFactory
  Stream<DynamicTest> refusesAnEpsThatIsNone() {
    return each(
        (call, arena) -> {
          for (var scalar : call.kernel().parameters()) {
            if (!scalar.name().equals("eps")) continue;
            for (double none : new double[] {-1, Double.NaN, Double.POSITIVE_INFINITY}) {
              var said = call.sample().with("eps", none);
              refused(call, said, arena, InvalidArgument.class, "eps");
            }
          }
        });
  }

  @TestFactory
  Stream<DynamicTest> servesOrRefusesEmptySizes() {
    return each(
        (call, arena) -> {
          for (var size : call.kernel().parameters()) {
            if (!size.isSize()) continue;
            var said = call.sample().with(size.name(), 0);
            try {
              Blocks.requireUntouched(call, rig.run(call, said, arena, Call.NAN_POISON, -1));
            } catch (InvalidArgument refusal) {
              call.require(
                  call.kernel().parameters().stream().anyMatch(p -> names(refusal, p.name())),
                  "%s=0 is refused without naming an argument: %s",
                  size.name(),
                  refusal.getMessage());
            }
          }
        });
  }

  @TestFactory
  Stream<DynamicTest> refusesUnknownKindsAndTypes() {
    return each(
        (call, arena) -> {
          for (var kind : call.kernel().parameters()) {
            if (!kind.isKind()) continue;
            for (int unknown : new int[] {-1, 99}) {
              var said = call.sample().with(kind.name(), unknown);
              refused(call, said, arena, InvalidArgument.class, kind.name());
            }
          }
        });
  }

  @TestFactory
  Stream<DynamicTest> refusesIndicesOutsideTheirLimit() {
    return each(
        (call, arena) -> {
          for (var array : call.kernel().arrays()) {
            var region = call.region(array);
            if (array.limit().isEmpty() || region == null || region.count() == 0) continue;
            int limit = Math.toIntExact(Extent.of(array.limit(), call.sample().scalars()));
            refusesIndex(call, arena, array, limit);
            if (!array.ignorable()) refusesIndex(call, arena, array, -1);
          }
        });
  }

  /// Where only the device reads indices, what it found is told by the next copy to the host, when
  /// other outputs have been written.
  private static void refusesIndex(Call call, Arena arena, Parameter array, int index) {
    var before = rig.fill(call, arena, Call.NAN_POISON, -1);
    var region = call.region(array);
    long at = region.offset() + (region.count() - 1) * Integer.BYTES;
    before.set(ValueLayout.JAVA_INT, at, index);
    rig.put(before);
    if (Devices.checksOnDevice()) {
      try {
        rig.invoke(call, call.sample(), -1);
        rig.contents(call, arena);
      } catch (InvalidArgument refusal) {
        call.require(names(refusal, array.name()), "the refusal does not name %s", array.name());
        return;
      }
      call.require(false, "accepted index %d of %s", index, array.name());
    }
    refused(call, call.sample(), before, arena, InvalidArgument.class, array.name());
  }

  /// Over the first sample of each kernel that has elements.
  private static Stream<DynamicTest> each(Check check) {
    return Prototype.KERNELS.stream()
        .filter(kernel -> Devices.isUnderTest(kernel.name()))
        .map(
            kernel ->
                DynamicTest.dynamicTest(
                    kernel.name(),
                    () -> {
                      try (var arena = Arena.ofConfined()) {
                        check.check(Call.of(kernel, full(kernel), DType.F32), arena);
                      }
                    }));
  }

  private static KernelSample full(Prototype kernel) {
    return KernelSamples.ALL.get(kernel.name()).stream()
        .filter(sample -> hasElements(kernel, sample))
        .findFirst()
        .orElseThrow();
  }

  private static boolean hasElements(Prototype kernel, KernelSample sample) {
    return kernel.arrays().stream()
        .filter(array -> array.manner() != Manner.TABLE)
        .allMatch(array -> Extent.of(array.extent(), sample.scalars()) > 0);
  }

  private static void refused(
      Call call, KernelSample said, Arena arena, Class<? extends GatunException> as, String name) {
    var before = rig.fill(call, arena, Call.NAN_POISON, -1);
    refused(call, said, before, arena, as, name);
  }

  private static void refused(
      Call call,
      KernelSample said,
      MemorySegment before,
      Arena arena,
      Class<? extends GatunException> as,
      String name) {
    try {
      rig.invoke(call, said, -1);
    } catch (GatunException refusal) {
      call.require(as.isInstance(refusal), "refused as %s", refusal);
      requireNamed(call, refusal, name);
      long at = before.mismatch(rig.contents(call, arena));
      call.require(at < 0, "wrote byte %d and then refused: %s", at, refusal.getMessage());
      return;
    }
    call.require(false, "accepted [%s] instead of refusing %s", said, name);
  }

  private static void requireNamed(Call call, GatunException refusal, String name) {
    call.require(
        refusal.getMessage().startsWith(call.kernel().name() + ": ") && names(refusal, name),
        "the refusal does not name %s: %s",
        name,
        refusal.getMessage());
  }

  private static boolean names(GatunException refusal, String name) {
    return Pattern.compile("\\b" + name + "\\b").matcher(refusal.getMessage()).find();
  }
}
