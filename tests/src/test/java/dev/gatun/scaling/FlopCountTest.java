package dev.gatun.scaling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.gatun.InvalidArgument;
import dev.gatun.nn.GptConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Counts of parameters and FLOPs.
class FlopCountTest {
  /// Table A4 of Hoffmann et al. 2022, whose ratios are 1.03, 1.10, 1.08, 1.04, 1.03, 0.99: only
  /// without embeddings and logits do they come out.
  @ParameterizedTest
  @CsvSource({
    "10, 640, 2560, 10, 73825280, 929877196800, 1.0250, 1.5799",
    "20, 1024, 4096, 16, 305707008, 4135248199680, 1.1008, 1.3152",
    "24, 1280, 5120, 10, 552604160, 7353453772800, 1.0829, 1.2312",
    "26, 1792, 7168, 14, 1143453696, 14670316437504, 1.0441, 1.1444",
    "28, 2048, 8192, 16, 1593126912, 20220437594112, 1.0329, 1.1152",
    "40, 3584, 14336, 28, 6796274688, 83021046743040, 0.9941, 1.0279"
  })
  void chinchillasTable(
      int layers,
      int width,
      int feedForward,
      int heads,
      long parameters,
      long flops,
      double ratio,
      double literal) {
    var shape = TransformerShape.chinchilla(layers, width, feedForward, heads, width / heads);
    assertEquals(parameters, shape.parameters());
    assertEquals(flops, FlopCount.CHINCHILLA_TABLE.perSequence(shape));
    double sixNd = FlopCount.SIX_ND.perSequence(shape);
    assertEquals(ratio, FlopCount.CHINCHILLA_TABLE.perSequence(shape) / sixNd, 5e-5);
    assertEquals(literal, FlopCount.APPENDIX_F.perSequence(shape) / sixNd, 5e-5);
  }

  @Test
  void theParametersOfGopherChinchillaAndTheLargestOfTableA9() {
    assertEquals(
        279_716_855_808L, TransformerShape.chinchilla(80, 16384, 65536, 128, 128).parameters());
    assertEquals(
        70_065_209_344L, TransformerShape.chinchilla(80, 8192, 32768, 64, 128).parameters());
    assertEquals(
        16_184.4582,
        TransformerShape.chinchilla(47, 5120, 20480, 40, 128).parameters() / 1e6,
        5e-5);
  }

  /// GPT-2's smallest by hand: N = 124,439,808, matrices 84,934,656, L h k s = 9,437,184 of s =
  /// 1024.
  @Test
  void theOtherCountsAtGpt2() {
    var shape = TransformerShape.of(GptConfig.of(12, 12, 768, 1024, 50257));
    assertEquals(124_439_808, shape.parameters());
    assertEquals(6 * 124_439_808L + 12 * 9_437_184L, FlopCount.PALM.perToken(shape));
    assertEquals(6 * 84_934_656L + 6 * 9_437_184L, FlopCount.KAPLAN.perToken(shape));
    assertEquals(72 * 7_077_888L + 12 * 9_437_184L, FlopCount.DEEPSEEK.perToken(shape));
    assertEquals(
        6 * (84_934_656L + 50_257 * 768L) + 6 * 9_437_184L, FlopCount.TRAINER.perToken(shape));
  }

  @ParameterizedTest
  @CsvSource({
    "12, 12, 768, 124439808",
    "24, 16, 1024, 354823168",
    "36, 20, 1280, 774030080",
    "48, 25, 1600, 1557611200"
  })
  void thePublishedCountsOfGpt2(int layers, int heads, int width, long parameters) {
    var config = GptConfig.of(layers, heads, width, 1024, 50257);
    assertEquals(parameters, TransformerShape.of(config).parameters());
  }

  @Test
  void everyCountIsFoundByItsWord() {
    for (var count : FlopCount.values()) assertEquals(count, FlopCount.named(count.word()));
    assertThrows(InvalidArgument.class, () -> FlopCount.named("5nd"));
  }
}
