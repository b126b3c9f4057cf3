package dev.gatun.scaling;

import dev.gatun.nn.GptConfig;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/// Concrete GPT-2s near a number of parameters.
///
/// Widths are whole heads of 16, 32, 64 or 128 channels, wider heads for wider models; the
/// feed-forward layers are four times the width. Sizes are compared first; near ties go to the
/// usual proportions, 64 channels a layer and half as many below a width of 256, on which the loss
/// hardly depends (Kaplan et al. 2020, figure 5).
public final class Shapes {
  private static final int MOST_LAYERS = 160;
  private static final double LEAST_ASPECT = 12;
  private static final double MOST_ASPECT = 256;
  private static final double WEIGHT_OF_ASPECT = 0.05;
  private static final double FARTHEST = Math.log(1.25);

  private Shapes() {}

  private record Scored(GptConfig config, double score) {}

  /// The best `count` or fewer, the best first; none where nothing comes within a quarter.
  public static List<GptConfig> near(double parameters, int vocabulary, int context, int count) {
    Require.positive("the number of parameters", parameters);
    var found = new ArrayList<Scored>();
    for (int layers = 1; layers <= MOST_LAYERS; layers++) {
      for (int headSize : new int[] {16, 32, 64, 128}) {
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
    return Math.abs(Math.log(aspect / (config.width() < 256 ? 32 : 64)));
  }

  /// The two numbers of heads around the size.
  private static List<Scored> withLayers(
      double parameters, int vocabulary, int context, int layers, int headSize) {
    double tables = vocabulary + (double) context;
    double width =
        (Math.sqrt(tables * tables + 48.0 * layers * parameters) - tables) / (24.0 * layers);
    var found = new ArrayList<Scored>();
    long below = (long) (width / headSize);
    for (long heads = Math.max(1, below); heads <= below + 1; heads++) {
      long channels = heads * headSize;
      if (headSize != headSize(channels)) continue;
      var config = GptConfig.of(layers, (int) heads, (int) channels, context, vocabulary);
      double aspect = (double) channels / layers;
      double miss = Math.abs(Math.log(config.parameterCount() / parameters));
      if (miss > FARTHEST || aspect < LEAST_ASPECT || aspect > MOST_ASPECT) continue;
      found.add(new Scored(config, miss + WEIGHT_OF_ASPECT * strangeness(config)));
    }
    return found;
  }

  private static int headSize(long width) {
    if (width <= 48) return 16;
    if (width < 256) return 32;
    return width < 2560 ? 64 : 128;
  }
}
