package dev.gatun.laws.manners;

import dev.gatun.laws.Devices;
import dev.gatun.tensor.DType;
import java.lang.foreign.Arena;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The head computes the same whatever its chunks are, the last and shorter one included, and
/// writes nothing behind its arrays. In fp64.
@Tag("laws")
@Tag("backend")
class ChunksTest {
  private static final Set<String> SCRATCH = Set.of("logits", "scratch");

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
        "head_loss_forward  rows=13 cols=5 vocab=17 stride=24 chunk=13 keep_gradient=0",
        "head_loss_pullback rows=13 cols=5 vocab=17 stride=24 chunk=13 scratch=present kept=absent"
      })
  void anyChunkWillDo(String row) {
    var words = row.split("\\s+", 2);
    if (!Devices.isUnderTest(words[0])) return;
    var sample = KernelSample.parse(words[1]).getFirst();
    var call = Call.of(Prototype.of(words[0]), sample, DType.F64);
    try (var arena = Arena.ofConfined()) {
      var expected = rig.run(call, arena, Call.NAN_POISON, -1).after();
      for (int chunk : new int[] {1, 2, 5, 12}) {
        var said = sample.with("chunk", chunk);
        var run = rig.run(call, said, arena, Call.NAN_POISON, -1);
        Blocks.requireUntouched(call, run);
        for (var region : call.regions()) {
          if (!region.written() || SCRATCH.contains(region.parameter().name())) continue;
          var how = "in chunks of " + chunk;
          Blocks.requireClose(
              call, region, call.read(expected, region), call.read(run.after(), region), how);
        }
      }
    }
  }
}
