package dev.gatun.train;

import dev.gatun.InvalidArgument;
import dev.gatun.grad.Direction;
import dev.gatun.grad.VectorProduct;
import dev.gatun.nn.WeightVector;
import dev.gatun.optim.Hutchinson;
import java.util.Arrays;
import java.util.OptionalDouble;
import java.util.function.Function;

/// Hutchinson's estimate of the trace of a matrix H of curvature: the mean of uᵀ H u over probes u
/// of random signs. A probe varies by 2 times the sum of the squares beside the diagonal.
///
/// @param mean the estimate
/// @param standardError of the mean, by how much the probes varied; empty for a single probe
public record TraceEstimate(double mean, OptionalDouble standardError, int probes) {
  /// Of the matrix that `product` multiplies by: `HessianVector::along` or
  /// `GaussNewtonVector::along`. Probe k is number k of the seed, from 1.
  public static TraceEstimate of(
      BatchedLoss loss,
      Function<Direction, ? extends VectorProduct> product,
      int probes,
      long seed) {
    if (probes < 1) {
      throw new InvalidArgument(
          "%d probes asked for; there must be at least one".formatted(probes));
    }
    var hutchinson = new Hutchinson(loss.gpt().parameters(), seed);
    var along = product.apply(hutchinson.direction());
    var diagonal = WeightVector.zeros(loss.gpt());
    var found = new double[probes];
    for (int k = 0; k < probes; k++) {
      hutchinson.draw(k + 1);
      loss.multiply(along);
      hutchinson.blend(diagonal.arena(), 0);
      found[k] = Arrays.stream(diagonal.toDoubles()).sum();
    }
    return of(found);
  }

  /// From the values of uᵀ H u, at least one.
  static TraceEstimate of(double... found) {
    double mean = Arrays.stream(found).average().orElseThrow();
    if (!Double.isFinite(mean)) {
      throw new InvalidArgument("no trace: a product with a probe is not finite");
    }
    if (found.length == 1) return new TraceEstimate(mean, OptionalDouble.empty(), 1);
    double squares = Arrays.stream(found).map(x -> (x - mean) * (x - mean)).sum();
    double variance = squares / (found.length - 1);
    return new TraceEstimate(
        mean, OptionalDouble.of(Math.sqrt(variance / found.length)), found.length);
  }
}
