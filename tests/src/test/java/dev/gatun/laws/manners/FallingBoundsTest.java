package dev.gatun.laws.manners;

import dev.gatun.laws.Devices;
import dev.gatun.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Bounds of documents that fall, or do not enclose all positions, are the caller's fault and
/// mean nothing; but whatever they are, a kernel writes all of its outputs and nothing else.
@Tag("laws")
@Tag("backend")
class FallingBoundsTest {
  private static final String SIZES =
      "batch=2 context=97 heads=2 head_size=5 documents=6 scale=0.5 causal=0,1";

  private static Rig rig;

  @BeforeAll
  static void open() {
    rig = new Rig(Devices.underTest());
  }

  @AfterAll
  static void close() {
    rig.close();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "attention_forward",
        "attention_pullback",
        "attention_tangent",
        "attention_pullback_tangent"
      })
  void keepToTheArrays(String name) {
    if (!Devices.isUnderTest(name)) return;
    var kernel = Prototype.of(name);
    var random = new SplittableRandom(97);
    for (var sample : KernelSample.parse(SIZES)) {
      var call = Call.of(kernel, sample, DType.F32);
      var bounds =
          kernel.arrays().stream().filter(array -> array.name().equals("bounds")).findFirst();
      var region = call.region(bounds.orElseThrow());
      for (int trial = 0; trial < 8; trial++) {
        try (var arena = Arena.ofConfined()) {
          var before = rig.fill(call, arena, Call.NAN_POISON, -1);
          for (int i = 0; i < region.count(); i++) {
            long at = region.offset() + (long) i * Integer.BYTES;
            before.set(ValueLayout.JAVA_INT, at, random.nextInt(2 * 97 + 1));
          }
          rig.put(before);
          rig.invoke(call, sample, -1);
          var run = new Rig.Run(before, rig.contents(call, arena));
          Blocks.requireComplete(call, run, Call.NAN_POISON);
          Blocks.requireUntouched(call, run);
        }
      }
    }
  }
}
