package dev.gatun.tool;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.InvalidArgument;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SamplerTest {
  private static final BitSet NONE = new BitSet();

  /// Logits whose softmax is 1/2, 1/4, 1/8, 1/8, though they are shifted.
  private static final float[] HALVES = logs(5, 0.5, 0.25, 0.125, 0.125);

  private static final int DRAWS = 100_000;

  /// Above this with 7 degrees of freedom lies one in a thousand.
  private static final double CRITICAL = 24.32;

  // ---------------------------------------------------------------- worked logits

  @Test
  void plainSamplingIsSoftmax() {
    assertClose(new Sampler(1, 1, 0), NONE, 0.5, 0.25, 0.125, 0.125);
  }

  @Test
  void halfTheTemperatureSquaresTheProbabilities() {
    double sum = 0.25 + 0.0625 + 2 * 0.015625;
    assertClose(
        new Sampler(0.5, 1, 0), NONE, 0.25 / sum, 0.0625 / sum, 0.015625 / sum, 0.015625 / sum);
  }

  @Test
  void twiceTheTemperatureTakesTheirRoots() {
    double sum = Math.sqrt(0.5) + 0.5 + 2 * Math.sqrt(0.125);
    assertClose(
        new Sampler(2, 1, 0),
        NONE,
        Math.sqrt(0.5) / sum,
        0.5 / sum,
        Math.sqrt(0.125) / sum,
        Math.sqrt(0.125) / sum);
  }

  @Test
  void noTemperatureTakesTheMostLikelyAndOfEqualsTheFirst() {
    assertClose(new Sampler(0, 0.3, 0), NONE, 1, 0, 0, 0);
    var equal = new Sampler(0, 1, 0).distribution(new float[] {1, 3, 3, 2}, NONE);
    assertArrayEquals(new double[] {0, 1, 0, 0}, equal);
  }

  @Test
  void theNucleusIsTheFewestThatReachTopP() {
    assertClose(new Sampler(1, 0.01, 0), NONE, 1, 0, 0, 0);
    assertClose(new Sampler(1, 0.49, 0), NONE, 1, 0, 0, 0);
    assertClose(new Sampler(1, 0.51, 0), NONE, 2 / 3.0, 1 / 3.0, 0, 0);
    assertClose(new Sampler(1, 0.74, 0), NONE, 2 / 3.0, 1 / 3.0, 0, 0);
    assertClose(new Sampler(1, 0.76, 0), NONE, 4 / 7.0, 2 / 7.0, 1 / 7.0, 0);
    assertClose(new Sampler(1, 0.9, 0), NONE, 0.5, 0.25, 0.125, 0.125);
  }

  @Test
  void theTemperatureComesBeforeTheNucleus() {
    // At half the temperature the first has 0.727 of the mass and is a nucleus of 0.7 alone.
    assertClose(new Sampler(0.5, 0.7, 0), NONE, 1, 0, 0, 0);
  }

  @Test
  void presenceCostsItsPenaltyOnceBeforeTheTemperature() {
    var present = new BitSet();
    present.set(0);
    assertClose(
        new Sampler(1, 1, Math.log(2)), present, 0.25 / 0.75, 0.25 / 0.75, 1 / 6.0, 1 / 6.0);
    double sum = 0.0625 * 2 + 2 * 0.015625;
    assertClose(
        new Sampler(0.5, 1, Math.log(2)),
        present,
        0.0625 / sum,
        0.0625 / sum,
        0.015625 / sum,
        0.015625 / sum);
    assertClose(new Sampler(0, 1, Math.log(2) + 0.01), present, 0, 1, 0, 0);
    assertClose(
        new Sampler(1, 1, -Math.log(2)), present, 1 / 1.5, 0.25 / 1.5, 0.125 / 1.5, 0.125 / 1.5);
  }

  @Test
  void aLogitOfMinusInfinityIsNeverDrawn() {
    var logits = new float[] {Float.NEGATIVE_INFINITY, 0, 0};
    assertArrayEquals(
        new double[] {0, 0.5, 0.5}, new Sampler(1, 1, 0).distribution(logits, NONE), 1e-15);
    assertEquals(1, Sampler.draw(new double[] {0, 0.5, 0.5}, 0));
  }

  @Test
  void largeLogitsDoNotOverflow() {
    var p = new Sampler(0.01, 1, 0).distribution(new float[] {3e38f, -3e38f, 3e38f}, NONE);
    assertArrayEquals(new double[] {0.5, 0, 0.5}, p, 1e-15);
  }

  @Test
  void theNucleusOfALargeVocabularyIsThatOfSortingItAll() {
    var random = new Random(17);
    for (double topP : new double[] {1e-6, 0.1, 0.5, 0.9, 0.95, 0.999, 0.999999}) {
      for (int size : new int[] {1, 2, 33, 1000, 50257}) {
        var logits = new float[size];
        for (int id = 0; id < size; id++) logits[id] = (float) (4 * random.nextGaussian());
        assertArrayEquals(
            nucleus(logits, topP), new Sampler(1, topP, 0).distribution(logits, NONE), 1e-12);
      }
    }
  }

  @Test
  void aDrawIsWhereTheRunningSumPassesTheNumber() {
    double[] p = {0.25, 0, 0.5, 0.25, 0};
    assertEquals(0, Sampler.draw(p, 0));
    assertEquals(0, Sampler.draw(p, Math.nextDown(0.25)));
    assertEquals(2, Sampler.draw(p, 0.25));
    assertEquals(2, Sampler.draw(p, Math.nextDown(0.75)));
    assertEquals(3, Sampler.draw(p, 0.75));
    assertEquals(3, Sampler.draw(p, Math.nextDown(1.0)));
    assertEquals(1, Sampler.draw(new double[] {0.3, 0.3, 0}, 0.99), "rounding short of one");
  }

  // ---------------------------------------------------------------- many draws

  @Test
  void aHundredThousandDrawsFollowTheDistribution() {
    var expected = reference(1, 0);
    assertTrue(chiSquare(new Sampler(1, 1, 0), NONE, expected) < CRITICAL);
  }

  @Test
  void soTheyDoWithTemperatureAndPenalty() {
    var present = new BitSet();
    present.set(2);
    present.set(5);
    var expected = reference(0.8, 0.6, 2, 5);
    double chiSquare = chiSquare(new Sampler(0.8, 1, 0.6), present, expected);
    assertTrue(chiSquare < CRITICAL, "chi-square " + chiSquare);
  }

  @Test
  void drawsFromANucleusStayInItAndFollowIt() {
    var logits = spread();
    var expected = nucleus(logits, 0.8);
    var counts = draws(new Sampler(1, 0.8, 0), NONE, 3);
    double chiSquare = 0;
    int kinds = 0;
    for (int id = 0; id < counts.length; id++) {
      if (expected[id] == 0) {
        assertEquals(0, counts[id]);
      } else {
        double wanted = DRAWS * expected[id];
        chiSquare += (counts[id] - wanted) * (counts[id] - wanted) / wanted;
        kinds++;
      }
    }
    assertTrue(kinds > 2 && kinds < 8);
    // At most 6 degrees of freedom: one in a thousand lies above 22.46.
    assertTrue(chiSquare < 22.46, "chi-square " + chiSquare);
  }

  @Test
  void theTestFindsASamplerThatIsSlightlyWrong() {
    var expected = reference(1, 0);
    assertTrue(chiSquare(new Sampler(1.05, 1, 0), NONE, expected) > CRITICAL, "temperature");
    assertTrue(chiSquare(new Sampler(1, 0.98, 0), NONE, expected) > CRITICAL, "top-p");
    var present = new BitSet();
    present.set(0);
    assertTrue(chiSquare(new Sampler(1, 1, 0.05), present, expected) > CRITICAL, "penalty");
  }

  @Test
  void theSameSeedDrawsTheSameTokens() {
    assertArrayEquals(
        draws(new Sampler(0.7, 0.9, 0), NONE, 5), draws(new Sampler(0.7, 0.9, 0), NONE, 5));
  }

  // ---------------------------------------------------------------- bad input

  @Test
  void settingsOutOfRangeAreRefused() {
    for (double bad : new double[] {-0.1, Double.NaN, Double.POSITIVE_INFINITY}) {
      assertThrows(InvalidArgument.class, () -> new Sampler(bad, 1, 0));
    }
    for (double bad : new double[] {0, -1, 1.01, Double.NaN}) {
      assertThrows(InvalidArgument.class, () -> new Sampler(1, bad, 0));
    }
    assertThrows(InvalidArgument.class, () -> new Sampler(1, 1, Double.NaN));
  }

  @Test
  void logitsThatAreNoNumbersAreRefused() {
    var sampler = new Sampler(1, 1, 0);
    assertEquals(
        "the logit of token 1 is NaN",
        assertThrows(
                InvalidArgument.class, () -> sampler.distribution(new float[] {0, Float.NaN}, NONE))
            .getMessage());
    float inf = Float.POSITIVE_INFINITY;
    assertThrows(InvalidArgument.class, () -> sampler.distribution(new float[] {inf}, NONE));
    assertThrows(InvalidArgument.class, () -> sampler.distribution(new float[] {-inf}, NONE));
    assertThrows(InvalidArgument.class, () -> sampler.distribution(new float[] {}, NONE));
  }

  // ---------------------------------------------------------------- helpers

  private static void assertClose(Sampler sampler, BitSet present, double... expected) {
    assertArrayEquals(expected, sampler.distribution(HALVES, present), 1e-7);
  }

  private static float[] logs(double shift, double... probabilities) {
    var logits = new float[probabilities.length];
    for (int i = 0; i < logits.length; i++) {
      logits[i] = (float) (shift + Math.log(probabilities[i]));
    }
    return logits;
  }

  /// Eight logits from 2 down to -1.5.
  private static float[] spread() {
    var logits = new float[8];
    for (int id = 0; id < 8; id++) logits[id] = 2 - 0.5f * id;
    return logits;
  }

  /// What the spread logits give, by products and quotients instead of shifted exponentials.
  private static double[] reference(double temperature, double penalty, int... present) {
    var weights = new double[8];
    for (int id = 0; id < 8; id++) {
      boolean seen = Arrays.binarySearch(present, id) >= 0;
      weights[id] = Math.pow(Math.E, spread()[id] / temperature);
      if (seen) weights[id] /= Math.pow(Math.E, penalty / temperature);
    }
    double sum = Arrays.stream(weights).sum();
    return Arrays.stream(weights).map(weight -> weight / sum).toArray();
  }

  private static double[] nucleus(float[] logits, double topP) {
    var weights =
        IntStream.range(0, logits.length).mapToDouble(id -> Math.exp(logits[id])).toArray();
    double sum = Arrays.stream(weights).sum();
    var order =
        IntStream.range(0, logits.length)
            .boxed()
            .sorted(Comparator.comparingDouble((Integer id) -> -weights[id]))
            .toList();
    var kept = new double[logits.length];
    double reached = 0;
    for (int id : order) {
      if (reached >= topP) break;
      kept[id] = weights[id] / sum;
      reached += kept[id];
    }
    for (int id = 0; id < kept.length; id++) kept[id] /= reached;
    return kept;
  }

  private static int[] draws(Sampler sampler, BitSet present, long seed) {
    var random = new Random(seed);
    var counts = new int[8];
    for (int i = 0; i < DRAWS; i++) counts[sampler.next(spread(), present, random)]++;
    return counts;
  }

  private static double chiSquare(Sampler sampler, BitSet present, double[] expected) {
    var counts = draws(sampler, present, 2026);
    double chiSquare = 0;
    for (int id = 0; id < counts.length; id++) {
      double wanted = DRAWS * expected[id];
      chiSquare += (counts[id] - wanted) * (counts[id] - wanted) / wanted;
    }
    return chiSquare;
  }
}
