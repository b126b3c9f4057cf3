package dev.gatun.scaling;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Random;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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

  /// Weights exp(-2 k²/h²), k from -h to h, where h is 5 up to 500 points and then a hundredth of
  /// them: inside, the variance falls to the sum of the squares of the normalised weights. The
  /// estimate is from 20,000 values, of which one in h is independent: three standard deviations
  /// are 10 % and 20 %.
  @ParameterizedTest
  @CsvSource({"400, 5, 0.10", "2000, 20, 0.20"})
  void noiseFallsAsTheGaussianWeightsSay(int points, int half, double tolerance) {
    var random = new Random(9);
    double weights = 0;
    double squares = 0;
    for (int k = -half; k <= half; k++) {
      weights += Math.exp(-2.0 * k * k / (half * half));
      squares += Math.exp(-4.0 * k * k / (half * half));
    }
    double expected = 0.01 * squares / (weights * weights);
    double found =
        IntStream.range(0, 20_000 / points)
            .mapToObj(_ -> curve(points, _ -> 5 + 0.1 * random.nextGaussian()))
            .flatMap(curve -> Smoothing.of(curve).subList(half, points - half).stream())
            .mapToDouble(point -> (point.loss() - 5) * (point.loss() - 5))
            .average()
            .orElseThrow();
    assertEquals(1, found / expected, tolerance);
  }
}
