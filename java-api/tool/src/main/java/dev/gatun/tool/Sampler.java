package dev.gatun.tool;

import dev.gatun.InvalidArgument;
import java.util.Arrays;
import java.util.BitSet;
import java.util.random.RandomGenerator;

/// How the next token is drawn from a model's logits.
///
/// In this order: the presence penalty is subtracted from the logits of tokens that are present
/// already; the logits are divided by the temperature; softmax makes them probabilities; only the
/// nucleus is kept, the fewest most likely tokens that together reach top-p (Holtzman and others
/// 2019, arXiv 1904.09751), and scaled to sum to one. Between equals the lower id goes first.
///
/// @param temperature 0 takes the most likely token; 1 leaves the model's distribution as it is
/// @param topP above 0, at most 1; 1 keeps every token
/// @param presencePenalty in nats; negative favours what is present
public record Sampler(double temperature, double topP, double presencePenalty) {
  /// The model's own distribution.
  public static final Sampler PLAIN = new Sampler(1, 1, 0);

  public Sampler {
    if (!(temperature >= 0 && temperature < Double.POSITIVE_INFINITY)) {
      throw new InvalidArgument(
          "temperature is %s; it must be a finite number, zero or more".formatted(temperature));
    }
    if (!(topP > 0 && topP <= 1)) {
      throw new InvalidArgument("top-p is %s; it must be above 0, at most 1".formatted(topP));
    }
    if (!Double.isFinite(presencePenalty)) {
      throw new InvalidArgument(
          "the presence penalty is %s; it must be a finite number".formatted(presencePenalty));
    }
  }

  /// Draws a token: [#distribution], then [#draw] with the generator's next uniform number.
  public int next(float[] logits, BitSet present, RandomGenerator random) {
    return draw(distribution(logits, present), random.nextDouble());
  }

  /// The probability of each token; sums to one. A logit of minus infinity is never drawn.
  ///
  /// Throws [InvalidArgument] when a logit is NaN or plus infinity, or none is finite.
  public double[] distribution(float[] logits, BitSet present) {
    var p = new double[logits.length];
    for (int id = 0; id < p.length; id++) {
      p[id] = checked(logits, id) - (present.get(id) ? presencePenalty : 0);
    }
    int best = largest(p);
    if (best < 0) throw new InvalidArgument("no logit is finite: there is nothing to draw");
    if (temperature == 0) return certain(p.length, best);
    softmax(p, p[best]);
    if (topP < 1) keepNucleus(p);
    return p;
  }

  /// The token at which the running sum of the distribution first exceeds `uniform`, from 0 to
  /// below 1.
  public static int draw(double[] distribution, double uniform) {
    int last = 0;
    double sum = 0;
    for (int id = 0; id < distribution.length; id++) {
      if (distribution[id] == 0) continue;
      sum += distribution[id];
      if (uniform < sum) return id;
      last = id;
    }
    return last; // rounding left the sum a little below one
  }

  private static float checked(float[] logits, int id) {
    float logit = logits[id];
    if (Float.isNaN(logit) || logit == Float.POSITIVE_INFINITY) {
      throw new InvalidArgument("the logit of token %d is %s".formatted(id, logit));
    }
    return logit;
  }

  private static int largest(double[] values) {
    int best = -1;
    for (int i = 0; i < values.length; i++) {
      if (values[i] > (best < 0 ? Double.NEGATIVE_INFINITY : values[best])) best = i;
    }
    return best;
  }

  private static double[] certain(int length, int id) {
    var p = new double[length];
    p[id] = 1;
    return p;
  }

  private void softmax(double[] p, double largest) {
    double sum = 0;
    for (int id = 0; id < p.length; id++) sum += p[id] = Math.exp((p[id] - largest) / temperature);
    for (int id = 0; id < p.length; id++) p[id] /= sum;
  }

  private void keepNucleus(double[] p) {
    var ids = candidates(p);
    double sum = 0;
    int kept = 0;
    while (kept < ids.length && sum < topP) sum += p[ids[kept++]];
    var nucleus = new double[p.length];
    for (int i = 0; i < kept; i++) nucleus[ids[i]] = p[ids[i]] / sum;
    System.arraycopy(nucleus, 0, p, 0, p.length);
  }

  // All tokens below (1 - topP) / V together weigh less than 1 - topP, so the nucleus is found
  // without them, and a large vocabulary need not be sorted for every token.
  private int[] candidates(double[] p) {
    double least = (1 - topP) / p.length;
    var ids = new Integer[p.length];
    int n = 0;
    for (int id = 0; id < p.length; id++) {
      if (p[id] >= least) ids[n++] = id;
    }
    Arrays.sort(ids, 0, n, (a, b) -> Double.compare(p[b], p[a]));
    return Arrays.stream(ids, 0, n).mapToInt(Integer::intValue).toArray();
  }
}
