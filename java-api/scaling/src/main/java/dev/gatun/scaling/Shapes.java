package dev.gatun.scaling;

import dev.gatun.nn.GptConfig;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/// Concrete GPT-2s near a number of parameters.
///
/// Widths are whole heads of 8, 32, 64 or 128 channels, wider heads for wider models and from a
/// width of 768 on in twos, fours or eights; the feed-forward layers are four times the width.
/// Sizes are compared first; near ties go to the usual proportions, 16, 32, 64 or 100 channels a
/// layer, on which the loss hardly depends (Kaplan et al. 2020, arXiv 2001.08361, figure 5).
public final class Shapes {
  private static final int LEAST_LAYERS = 2;
  private static final int MOST_LAYERS = 160;
  private static final double MOST_WIDTH = 1 << 17;
  private static final int[] HEAD_SIZES = {8, 32, 64, 128};
  private static final double LEAST_ASPECT = 4;
  private static final double MOST_ASPECT = 256;
  private static final double WEIGHT_OF_ASPECT = 0.05;
  private static final double FARTHEST = Math.log(1.25);

  private Shapes() {}

  private record Scored(GptConfig config, double score) {}

  /// The best `count` or fewer, the best first; none where nothing comes within a quarter.
  public static List<GptConfig> near(double parameters, int vocabulary, int context, int count) {
    Require.positive("the number of parameters", parameters);
    var found = new ArrayList<Scored>();
    for (int layers = LEAST_LAYERS; layers <= MOST_LAYERS; layers++) {
      for (int headSize : HEAD_SIZES) {
        found.addAll(withLayers(parameters, vocabulary, context, layers, headSize));
      }
    }
    return found.stream()
        .sorted(Comparator.comparingDouble(Scored::score))
        .map(Scored::config)
        .limit(count)
        .toList();
  }

  /// How far a shape is from the usual proportions, in natural logarithms.
  static double strangeness(GptConfig config) {
    double aspect = (double) config.width() / config.layers();
    return Math.abs(Math.log(aspect / usualAspect(config.width())));
  }

  /// The two widths around the size.
  private static List<Scored> withLayers(
      double parameters, int vocabulary, int context, int layers, int headSize) {
    double tables = vocabulary + (double) context;
    double width =
        (Math.sqrt(tables * tables + 48.0 * layers * parameters) - tables) / (24.0 * layers);
    var found = new ArrayList<Scored>();
    if (width > MOST_WIDTH) return found;
    long unit = (long) headSize * headsTogether(width);
    for (long units = Math.max(1, (long) (width / unit)); units * unit <= width + unit; units++) {
      long channels = units * unit;
      if (headSize != headSize(channels)) continue;
      long heads = channels / headSize;
      var config = GptConfig.of(layers, (int) heads, (int) channels, context, vocabulary);
      double aspect = (double) channels / layers;
      double miss = Math.abs(Math.log(config.parameterCount() / parameters));
      if (miss > FARTHEST || aspect < LEAST_ASPECT || aspect > MOST_ASPECT) continue;
      found.add(new Scored(config, miss + WEIGHT_OF_ASPECT * strangeness(config)));
    }
    return found;
  }

  private static int headSize(long width) {
    if (width < 64) return 8;
    if (width < 256) return 32;
    return width < 2560 ? 64 : 128;
  }

  private static int headsTogether(double width) {
    if (width < 768) return 1;
    if (width < 2560) return 2;
    return width < 5120 ? 4 : 8;
  }

  private static double usualAspect(long width) {
    if (width < 64) return 16;
    if (width < 256) return 32;
    return width < 2560 ? 64 : 100;
  }
}
