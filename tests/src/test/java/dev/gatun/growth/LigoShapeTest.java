package dev.gatun.growth;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.memory.Device;
import dev.gatun.memory.Scope;
import dev.gatun.nn.GptConfig;
import dev.gatun.tensor.DType;
import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// How many numbers LiGO's maps have.
class LigoShapeTest {
  @AutoClose private final Device device = Device.cpu(1);
  private final Scope memory = device.scope();

  /// BERT-Small to BERT-Base: the numbers that the released code learns, but for its head's
  /// 131,072; and those of maps that layers share, whole matrices.
  @Test
  void theCountsAreThePublishedOnes() {
    var small = GptConfig.of(6, 8, 512, 512, 30522);
    var base = GptConfig.of(12, 12, 768, 512, 30522);
    var released = new LigoShape(small, base, LigoForm.RELEASED, LigoHeads.DENSE);
    assertEquals(131_072, released.learned(LigoMap.RESIDUAL) * released.small(LigoMap.RESIDUAL));
    long ofALayer = 0;
    for (var map : List.of(LigoMap.QUERIES, LigoMap.KEYS, LigoMap.VALUES, LigoMap.HIDDEN)) {
      assertEquals(12, released.maps(map));
      ofALayer += released.learned(map) * released.small(map);
    }
    assertEquals(2_490_368, ofALayer);
    assertEquals(30_147_712 - 131_072, released.parameterCount());
    assertEquals(1_152, released.parameterCount() - 131_072 - 12 * 2_490_368);
    var shared = new LigoShape(small, base, LigoForm.SHARED, LigoHeads.DENSE);
    assertEquals(7_864_320 + 8 * 72, shared.parameterCount());
    var whole = new LigoShape(small, base, LigoForm.SHARED, LigoHeads.WHOLE);
    assertEquals(768 * 512 + 3 * 12 * 8 + 3072 * 2048 + 8 * 72, whole.parameterCount());
    var paper = new LigoShape(small, base, LigoForm.PAPER, LigoHeads.WHOLE);
    assertEquals(768 * 512 + 6 * (3 * 12 * 8 + 3072 * 2048) + 8 * 72, paper.parameterCount());
  }

  @ParameterizedTest
  @MethodSource("dev.gatun.growth.LigoTest#operators")
  void theMapsHaveAsManyNumbersAsIsSaid(LigoShape shape) {
    var maps = shape.declarations().allocate(memory, DType.F32);
    long count = 0;
    for (var name : maps.names()) count += maps.get(name).shape().count();
    assertEquals(shape.parameterCount(), count);
  }
}
