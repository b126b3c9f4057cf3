package dev.gatun.scaling;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Random;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SmoothingTest {
  private static List<TrainingRun.Point> curve(int points, IntToDoubleFunction loss) {
    return IntStream.range(0, points)
        .mapToObj(i -> new TrainingRun.Point(i + 1, loss.applyAsDouble(i)))
        .toList();
  }

  @Test
  void aStraightLineStaysOneUpToItsEnds() {
    for (int points : new int[] {1, 2, 3, 5, 11, 40}) {
      var line = curve(points, i -> 5 - 0.1 * i);
      var smooth = Smoothing.of(line);
      for (int i = 0; i < points; i++) {
        assertEquals(line.get(i).loss(), smooth.get(i).loss(), 1e-12);
        assertEquals(line.get(i).flops(), smooth.get(i).flops());
      }
      assertEquals(5 - 0.1 * (points - 1), Smoothing.last(line), 1e-12);
    }
  }

  /// Weights exp(-k²/12.5), k from -5 to 5: inside, the variance falls to the sum of the squares of
  /// the normalised weights. Its estimate from 4,000 points, a tenth of them independent, is within
  /// 15 % (three standard deviations).
  @Test
  void noiseFallsAsTheGaussianWeightsSay() {
    var random = new Random(9);
    var smooth = Smoothing.of(curve(4000, _ -> 5 + 0.1 * random.nextGaussian()));
    double weights = 0;
    double squares = 0;
    for (int k = -5; k <= 5; k++) {
      weights += Math.exp(-k * k / 12.5);
      squares += Math.exp(-2 * k * k / 12.5);
    }
    double expected = 0.01 * squares / (weights * weights);
    double found =
        smooth.subList(5, 3995).stream()
            .mapToDouble(point -> (point.loss() - 5) * (point.loss() - 5))
            .average()
            .orElseThrow();
    assertEquals(1, found / expected, 0.15);
  }
}
