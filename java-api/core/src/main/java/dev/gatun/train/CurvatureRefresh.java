package dev.gatun.train;

import dev.gatun.InvalidArgument;
import dev.gatun.nn.Gpt;
import dev.gatun.optim.Curvature;
import dev.gatun.optim.GaussNewtonBartlett;
import dev.gatun.optim.Hutchinson;
import dev.gatun.optim.Sophia;

/// Keeps Sophia's curvature fresh: before every so many steps it is estimated at the weights that
/// the step begins with, on the first windows of the step's own batch.
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

  /// When curvature is refreshed, and on how much.
  ///
  /// @param every steps from one refresh to the next; the first step has one
  /// @param share of a step's windows that an estimate rests on: above 0, at most 1
  public record Plan(long every, double share) {
    /// The paper's for Hutchinson's estimate: every 10 steps, on 32 windows of 480.
    public static final Plan HUTCHINSON = new Plan(10, 1.0 / 15);

    /// The paper's for the Gauss-Newton-Bartlett estimate: every 10 steps, on 240 windows of 480.
    public static final Plan BARTLETT = new Plan(10, 0.5);

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

    boolean isDue(long step) {
      return step % every == 0;
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

  /// Steps that begin with a refresh, of the first `steps`.
  long count(long steps) {
    return Math.ceilDiv(steps, plan.every());
  }

  /// What a refresh reads of a step.
  long windows(Batches batches, int accumulate) {
    return plan.windows((long) batches.rows() * accumulate);
  }

  double flops(Gpt gpt, long tokens, long time) {
    return tokens * curvature.flopsPerToken(gpt.config(), time);
  }
}
