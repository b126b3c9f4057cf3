package dev.gatun.train;

import dev.gatun.InvalidArgument;
import dev.gatun.nn.Gpt;
import dev.gatun.optim.Curvature;
import dev.gatun.optim.GaussNewtonBartlett;
import dev.gatun.optim.Hutchinson;
import dev.gatun.optim.Sophia;

/// Keeps Sophia's curvature fresh: every so many steps it is estimated at the weights of the
/// moment, on the first windows of the batch that they are to be moved by next.
///
/// What is random in an estimate is a function of a seed and the step, so there is nothing to save
/// beside Sophia's own state.
///
/// @param sophia whose curvature
/// @param curvature estimates it
/// @param plan when, and on how much
public record CurvatureRefresh(Sophia sophia, Curvature curvature, Plan plan) {
  /// Tells these random choices from the first weights', which take a run's seed as it is.
  private static final long PURPOSE = 1;

  /// Where in a step its refresh is.
  public enum Order {
    /// Before the move, which sees the new curvature, as in Sophia's paper: the first step has one.
    BEFORE,
    /// Behind the move, at the weights it leaves and on the next step's windows, as in its authors'
    /// code: the last step of every so many has one, and the first move of all sees no curvature.
    AFTER
  }

  /// When curvature is refreshed, and on how much.
  ///
  /// @param every steps from one refresh to the next
  /// @param share of a step's windows that an estimate rests on: above 0, at most 1
  /// @param order where in a step that is
  public record Plan(long every, double share, Order order) {
    /// The paper's for Hutchinson's estimate: before every 10th step, on 32 windows of 480.
    public static final Plan HUTCHINSON = new Plan(10, 1.0 / 15);

    /// The paper's for the Gauss-Newton-Bartlett estimate: the same on 240 windows of 480.
    public static final Plan BARTLETT = new Plan(10, 0.5);

    /// With refreshes before steps.
    public Plan(long every, double share) {
      this(every, share, Order.BEFORE);
    }

    public Plan {
      if (every < 1) {
        throw new InvalidArgument(
            "curvature every %d steps; it must be every 1 or more".formatted(every));
      }
      if (!(share > 0 && share <= 1)) {
        throw new InvalidArgument(
            "curvature share %s; it must be above 0, at most 1".formatted(share));
      }
    }

    /// Whether there is one at this place of a step.
    boolean isDue(Order place, long step) {
      if (place != order) return false;
      return step % every == (order == Order.BEFORE ? 0 : every - 1);
    }

    /// The step whose windows the refresh of this one reads.
    long source(long step) {
      return order == Order.BEFORE ? step : step + 1;
    }

    /// Refreshes in the first `steps` steps.
    long count(long steps) {
      return order == Order.BEFORE ? Math.ceilDiv(steps, every) : steps / every;
    }

    /// The share of so many windows, rounded up.
    long windows(long ofAll) {
      // 0.07 is more than seven hundredths by a rounding, and so may the product be.
      return (long) Math.ceil(share * ofAll * (1 - 0x1p-50));
    }
  }

  /// By Hutchinson's estimate, with signs that a run's seed decides.
  public static CurvatureRefresh hutchinson(Gpt gpt, Sophia sophia, Plan plan, long seed) {
    return new CurvatureRefresh(sophia, new Hutchinson(gpt.parameters(), own(seed)), plan);
  }

  /// By the Gauss-Newton-Bartlett estimate, with labels that a run's seed decides.
  public static CurvatureRefresh bartlett(Gpt gpt, Sophia sophia, Plan plan, long seed) {
    return new CurvatureRefresh(sophia, new GaussNewtonBartlett(gpt.parameters(), own(seed)), plan);
  }

  private static long own(long seed) {
    return Mix.hash(seed, PURPOSE);
  }

  /// How many windows an estimate looks at together where training looks at `rows`. A walk with
  /// tangents holds a little over twice what one without them holds, and labels are drawn from
  /// whole logits: with a third, training's peak of memory stays what it is without Sophia.
  public static long windowsAtOnce(long rows) {
    return Math.max(1, rows / 3);
  }

  /// What a refresh reads of a step.
  long windows(Batches batches, int accumulate) {
    return plan.windows((long) batches.rows() * accumulate);
  }

  double flops(Gpt gpt, long tokens, long time) {
    return tokens * curvature.flopsPerToken(gpt.config(), time);
  }
}
