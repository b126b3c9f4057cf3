package dev.gatun.train;

import dev.gatun.InvalidArgument;
import java.util.List;

/// A count model of bytes: the probability of a byte after the `order - 1` before it.
///
/// Interpolated Witten-Bell smoothing, method C of Witten and Bell, "The zero-frequency problem"
/// (IEEE Transactions on Information Theory 37, 1991), as given by Chen and Goodman, "An empirical
/// study of smoothing techniques for language modeling" (1998), section 2.4:
///
/// ```
/// p(w | h) = (count(h w) + distinct(h) · p(w | h')) / (total(h) + distinct(h))
/// ```
///
/// where h' is h without its first byte, `total(h)` counts the bytes seen after h, `distinct(h)`
/// the different ones, and below the empty history lies the uniform 1/256. A history never seen
/// hands over to h' whole. Every byte has a probability above zero, and they sum to one.
///
/// Memory: a table of 64 MB for three bytes; for four, 96 MB of contexts and a hash table of 16
/// bytes for each different quadruple. Counts are 32 bits: training reads 2³¹ - 1 tokens at most.
public final class NgramModel {
  private static final int BYTES = 256;

  private final List<NgramCounts> counts;

  private NgramModel(List<NgramCounts> counts) {
    this.counts = counts;
  }

  /// Counts all runs of up to `order` bytes; an order of 3 looks at the two bytes before.
  ///
  /// Throws [BadData] when a token is no byte, [InvalidArgument] when the order is not 1 to 4.
  public static NgramModel train(Tokens tokens, int order) {
    if (order < 1 || order > 4) {
      throw new InvalidArgument("order %d; it must be 1, 2, 3 or 4".formatted(order));
    }
    tokens.requireWithin(BYTES);
    var read = tokens.slice(0, Math.min(tokens.count(), Integer.MAX_VALUE));
    var counts = new NgramCounts[order];
    for (int context = 0; context < order; context++) {
      counts[context] = NgramCounts.of(read, context);
    }
    return new NgramModel(List.of(counts));
  }

  /// The model that [#train] with a lower order gives, sharing this one's counts.
  public NgramModel lower(int order) {
    if (order < 1 || order > order()) {
      throw new InvalidArgument("order %d; it must be 1 to %d".formatted(order, order()));
    }
    return new NgramModel(counts.subList(0, order));
  }

  /// The longest run of bytes that is counted.
  public int order() {
    return counts.size();
  }

  /// The probability that `next` follows the ids of `history` from `from` to before `to`, of which
  /// the last `order - 1` matter; fewer are a shorter history.
  public double probability(int[] history, int from, int to, int next) {
    double p = 1.0 / BYTES;
    int context = 0;
    int longest = Math.min(order() - 1, to - from);
    for (int length = 0; length <= longest; length++) {
      if (length > 0) context |= history[to - length] << 8 * (length - 1);
      p = counts.get(length).smooth(context, next, p);
    }
    return p;
  }

  /// The mean of -ln p over all targets of the batches, in nats a token. Each row is predicted from
  /// its own inputs alone, as a transformer predicts it.
  public double loss(List<Batch> batches) {
    double sum = 0;
    long targets = 0;
    for (var batch : batches) {
      for (int row = 0; row < batch.rows(); row++) sum += surprise(batch, row);
      targets += batch.targets().length;
    }
    return sum / targets;
  }

  private double surprise(Batch batch, int row) {
    int start = row * batch.time();
    double sum = 0;
    for (int t = 0; t < batch.time(); t++) {
      sum -=
          Math.log(probability(batch.inputs(), start, start + t + 1, batch.targets()[start + t]));
    }
    return sum;
  }
}
