package dev.gatun.growth;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.nn.GptConfig;
import org.junit.jupiter.api.Test;

/// The paper's counts of FLOPs, and what ours make of the same networks.
class PublishedCostTest {
  private static final PublishedCost BASE = new PublishedCost(768, 12, 128, 30522, 12);
  private static final PublishedCost SMALL = new PublishedCost(512, 6, 128, 30522, 8);

  /// The steps of BERT-Base that the paper's table 3 charges the operator with, and the others that
  /// its figures are shares of.
  @Test
  void theFormulasGiveThePublishedNumbers() {
    assertEquals(3_612_974_851_276_800.0, BASE.growing(256, 100, 6, 512));
    assertEquals(1_506_823_133_184_000.0, BASE.training(256, 100));
    assertEquals(6_027_292_532_736_000_000.0, BASE.training(256, 400_000));
    assertEquals(1_990_939_782_348_800_000.0, SMALL.training(256, 400_000));
    assertEquals(1_095_016_880_291_840_000.0, SMALL.training(256, 220_000));
  }

  /// They charge the operator once for each sequence of a batch of 256. It runs once a step: there
  /// it adds 0.55 % by the same formulas.
  @Test
  void theOperatorIsChargedForEachSequence() {
    double charged = BASE.growing(256, 1, 6, 512) - BASE.training(256, 1);
    assertEquals(0.0055, charged / 256 / BASE.training(256, 1), 0.00005);
  }

  /// Three walks' worth where they count two, no embedding where they look up by a product, all
  /// tokens predicted where they predict 5 of 32: in the blocks' products we agree.
  @Test
  void oursCountsTheSameProductsOfBlocks() {
    var base = GptConfig.of(12, 12, 768, 128, 30522);
    double blocks = base.flopsPerToken(0) - 6.0 * 30522 * 768;
    double theirs = 2.0 * 12 * (8.0 * 768 * 768 + 4.0 * 768 * 3072);
    assertEquals(1.5 * theirs, blocks);
  }

  /// The default form from 14M to 124M parameters, at 16,384 tokens a step.
  @Test
  void theOperatorAddsLessThanATwentiethToAStepOfGpt2() {
    var small = GptConfig.of(6, 6, 384, 1024, 50257);
    var large = GptConfig.of(12, 12, 768, 1024, 50257);
    var shape = new LigoShape(small, large, LigoForm.SHARED, LigoHeads.WHOLE);
    double share = shape.flops() / (16_384 * large.flopsPerToken(1024));
    assertTrue(share > 0.02 && share < 0.05, () -> "%.4f".formatted(share));
  }
}
