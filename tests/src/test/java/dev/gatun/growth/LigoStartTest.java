package dev.gatun.growth;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.memory.Device;
import dev.gatun.nn.GptConfig;
import dev.gatun.tensor.DType;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/// The maps that LiGO's operator begins with.
class LigoStartTest {
  private static final GptConfig SMALL = GptConfig.of(3, 2, 8, 6, 11);

  /// Of sums of fewer than 2^6 terms in fp64.
  private static final double ROUNDING = 0x1p-46;

  /// What is written through a map and read through it is what it was.
  @Test
  void mapsOfCopiesHaveColumnsOfLengthOne() {
    var target = SMALL.withSize(3, 5, 20);
    for (var heads : LigoHeads.values()) {
      var shape = new LigoShape(SMALL, target, LigoForm.SHARED, heads);
      var start = LigoStart.of(new Bert2Bert(2));
      for (var map : List.of(LigoMap.RESIDUAL, LigoMap.VALUES, LigoMap.HIDDEN)) {
        int cols = Math.toIntExact(shape.small(map));
        var b = PlainLigo.cut(start.width(shape, map, 0), cols);
        var product = PlainLigo.flat(PlainLigo.times(PlainLigo.transposed(b), b));
        for (int i = 0; i < product.length; i++) {
          assertEquals(i % (cols + 1) == 0 ? 1 : 0, product[i], ROUNDING, map + " " + heads);
        }
      }
      var queries = start.width(shape, LigoMap.QUERIES, 0);
      assertTrue(Arrays.stream(queries).allMatch(x -> x == 0 || x == 1));
    }
  }

  /// Where the first copies are not learned, they are whole.
  @Test
  void inTheReleasedFormColumnsOfTwoCopiesAreLonger() {
    var shape = new LigoShape(SMALL, SMALL.withSize(3, 4, 16), LigoForm.RELEASED, LigoHeads.WHOLE);
    try (var device = Device.cpu(1);
        var memory = device.scope()) {
      var source = RandomGpt.of(SMALL, memory, DType.F64);
      var start = LigoStart.of(new HyperCloning());
      var learned = LigoOperator.create(source, shape, start, memory).maps().get("residual");
      double square = 0;
      for (double each : learned.toDoubles()) square += each * each;
      assertEquals(8 * 0.5, square, ROUNDING);
    }
  }

  @Test
  void noiseHasTheLengthItIsGivenAndItsSeedDecidesIt() {
    var shape = new LigoShape(SMALL, SMALL.withSize(4, 8, 32), LigoForm.SHARED, LigoHeads.DENSE);
    var plain = LigoStart.of(new Bert2Bert(2));
    var exact = plain.width(shape, LigoMap.HIDDEN, 0);
    var noisy = plain.withNoise(0.1, 5).width(shape, LigoMap.HIDDEN, 0);
    double sum = 0;
    for (int i = 0; i < exact.length; i++) sum += Math.pow(noisy[i] - exact[i], 2);
    double length = Math.sqrt(sum / shape.large(LigoMap.HIDDEN));
    assertEquals(0.1, length, 0.01, "4096 numbers have their deviation to 4 parts of 100 at most");
    assertArrayEquals(noisy, plain.withNoise(0.1, 5).width(shape, LigoMap.HIDDEN, 0));
    var others =
        List.of(
            plain.withNoise(0.1, 6).width(shape, LigoMap.HIDDEN, 0),
            plain.withNoise(0.1, 5).width(shape, LigoMap.HIDDEN, 1));
    for (var other : others) assertFalse(Arrays.equals(noisy, other));
    assertArrayEquals(exact, plain.withNoise(0, 5).width(shape, LigoMap.HIDDEN, 0));
  }

  /// As the code that came with the paper begins.
  @Test
  void theReleasedStartIsOfAverages() {
    var shape = new LigoShape(SMALL, SMALL.withSize(7, 5, 20), LigoForm.RELEASED, LigoHeads.DENSE);
    var start = LigoStart.random(3);
    var rows = PlainLigo.cut(start.width(shape, LigoMap.HIDDEN, 2), 32);
    for (int row = 0; row < rows.length; row++) {
      assertEquals(1, Arrays.stream(rows[row]).sum(), ROUNDING);
      assertTrue(Arrays.stream(rows[row]).allMatch(x -> x >= 0));
      if (row < 32) assertEquals(1, rows[row][row]);
      else assertTrue(Arrays.stream(rows[row]).max().orElseThrow() < 0.2, "no average");
    }
    var depth = PlainLigo.cut(start.depth(shape, "depth.ln_1.bias"), 3);
    for (int layer = 0; layer < depth.length; layer++) {
      assertEquals(1, Arrays.stream(depth[layer]).sum(), ROUNDING);
      assertTrue(depth[layer][layer % 3] > 1 / 1.06);
    }
  }
}
