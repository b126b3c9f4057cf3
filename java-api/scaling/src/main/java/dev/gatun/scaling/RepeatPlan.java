package dev.gatun.scaling;

import org.hipparchus.optim.MaxEval;
import org.hipparchus.optim.nonlinear.scalar.GoalType;
import org.hipparchus.optim.univariate.BrentOptimizer;
import org.hipparchus.optim.univariate.SearchInterval;
import org.hipparchus.optim.univariate.UnivariateObjectiveFunction;

/// The best use of a FLOP budget when only so many tokens are different (Muennighoff et al. 2023,
/// arXiv 2305.16264): tokens seen again, and parameters beyond what the unique tokens deserve,
/// count less and less.
///
/// @param allocation N, all D tokens that are seen, and the loss they lead to
/// @param uniqueTokens U
/// @param epochs D / U
/// @param effectiveTokens what D is worth in tokens seen once
/// @param effectiveParameters what N is worth
public record RepeatPlan(
    Allocation allocation,
    double uniqueTokens,
    double epochs,
    double effectiveTokens,
    double effectiveParameters) {
  /// R* of tokens, the repeats over which their worth falls to 1 / e.
  public static final double TOKEN_DECAY = 15.387756;

  /// R* of parameters.
  public static final double PARAMETER_DECAY = 5.309743;

  private static final double DECADES = Math.log(1e4);

  /// The best for `flops`, when that budget's own optimum wants more than `uniqueTokens`; else
  /// that optimum.
  public static RepeatPlan of(ParametricLaw law, double flops, double uniqueTokens) {
    Require.positive("the number of unique tokens", uniqueTokens);
    var free = new Frontier(law).atFlops(flops);
    if (free.tokens() <= uniqueTokens)
      return at(law, free.parameters(), free.tokens(), uniqueTokens);
    double middle = Math.log(free.parameters());
    var best =
        new BrentOptimizer(1e-9, 1e-9)
            .optimize(
                new MaxEval(1000),
                GoalType.MINIMIZE,
                new SearchInterval(middle - DECADES, middle + DECADES),
                new UnivariateObjectiveFunction(
                    size -> within(law, Math.exp(size), flops, uniqueTokens).allocation.loss()));
    return within(law, Math.exp(best.getPoint()), flops, uniqueTokens);
  }

  private static RepeatPlan within(
      ParametricLaw law, double parameters, double flops, double uniqueTokens) {
    return at(law, parameters, flops / (ParametricLaw.FLOPS * parameters), uniqueTokens);
  }

  /// Any N and D; the unique tokens deserve the N for which they are the best training.
  public static RepeatPlan at(
      ParametricLaw law, double parameters, double tokens, double uniqueTokens) {
    double deserved = new Frontier(law).atTokens(Math.min(uniqueTokens, tokens)).parameters();
    double worth = effective(tokens, uniqueTokens, TOKEN_DECAY);
    double size = effective(parameters, deserved, PARAMETER_DECAY);
    double loss = law.loss(size, worth);
    return new RepeatPlan(
        new Allocation(ParametricLaw.FLOPS * parameters * tokens, parameters, tokens, loss),
        uniqueTokens,
        tokens / uniqueTokens,
        worth,
        size);
  }

  /// U + U R* (1 - exp(-R / R*)) for an amount of U (1 + R); the amount itself up to U.
  public static double effective(double amount, double unique, double decay) {
    if (amount <= unique) return amount;
    double repeats = amount / unique - 1;
    return unique * (1 - decay * Math.expm1(-repeats / decay));
  }
}
