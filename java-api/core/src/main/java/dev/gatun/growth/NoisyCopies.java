package dev.gatun.growth;

import dev.gatun.InvalidArgument;
import dev.gatun.memory.Scope;
import dev.gatun.nn.Gpt;
import dev.gatun.nn.GptConfig;
import dev.gatun.tensor.Tensor;
import java.util.SplittableRandom;

/// Copies told apart. Equal copies have equal gradients and would stay copies as training goes on;
/// here the weights of blocks that sum over the copies of a unit differ by noise that adds up to
/// nothing over these copies. So the function is what it is without noise, and the gradients
/// differ, as with HyperCloning's symmetric noise (arXiv 2409.12903), which has a tenth of the
/// weights' power.
///
/// @param noise the deviation of what is drawn, as a share of the root mean square of each matrix;
///     less its mean over n copies, 1 - 1/n of its power stays
/// @param seed of the noise
public record NoisyCopies(CopyGrowth growth, double noise, long seed) implements Growth {
  public NoisyCopies {
    if (!(noise >= 0 && Double.isFinite(noise))) {
      throw new InvalidArgument("noise %s; it must be 0 or more".formatted(noise));
    }
  }

  @Override
  public Gpt grow(Gpt source, GptConfig target, Scope scope) {
    var copies = growth.copies(source.config(), target);
    if (copies.residual().isSame() && copies.heads().isSame() && copies.hidden().isSame()) {
      throw new InvalidArgument("noise tells copies of channels apart, and here are none");
    }
    var grown = copies.of(source, target, scope);
    for (var name : grown.parameters().names()) {
      var place = Place.of(name, target);
      var rows = copies.rows(place, source.config());
      if (rows.isEmpty() || rows.get().isSame()) continue;
      var random = new SplittableRandom(31 * seed + name.hashCode());
      add(place.matrix(grown.parameters().get(name), target), rows.get(), random);
    }
    return grown;
  }

  private void add(Tensor matrix, CopyMap rows, SplittableRandom random) {
    int cols = Math.toIntExact(matrix.shape().size(1));
    var weights = matrix.toDoubles();
    double deviation = noise * rootMeanSquare(weights);
    var drawn = new double[weights.length];
    for (int i = 0; i < drawn.length; i++) drawn[i] = deviation * random.nextGaussian();
    var counts = rows.counts();
    var means = new double[rows.smaller() * cols];
    for (int i = 0; i < drawn.length; i++) {
      int unit = rows.sources().get(i / cols);
      means[unit * cols + i % cols] += drawn[i] / counts[unit];
    }
    for (int i = 0; i < drawn.length; i++) {
      weights[i] += drawn[i] - means[rows.sources().get(i / cols) * cols + i % cols];
    }
    matrix.copyFrom(weights);
  }

  private static double rootMeanSquare(double[] weights) {
    double sum = 0;
    for (double weight : weights) sum += weight * weight;
    return Math.sqrt(sum / weights.length);
  }

  @Override
  public boolean preservesFunction(GptConfig source, GptConfig target) {
    return growth.preservesFunction(source, target);
  }
}
