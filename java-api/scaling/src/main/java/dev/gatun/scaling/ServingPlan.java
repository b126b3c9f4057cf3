package dev.gatun.scaling;

import org.hipparchus.analysis.solvers.BrentSolver;

/// A smaller model trained for longer, because it will also be served: the least 6 N D + 2 N S to
/// reach a loss, S being the tokens served (Sardana et al. 2023, arXiv 2401.00448).
///
/// @param compute the compute-optimal training to that loss
/// @param chosen the training that is cheapest together with serving
/// @param servedTokens S
/// @param servingCost FLOPs of training that a FLOP of serving costs as much as
public record ServingPlan(
    Allocation compute, Allocation chosen, double servedTokens, double servingCost) {
  private static final double SERVED_FLOPS = 2;
  private static final double RELATIVE = 1e-14;
  private static final int EVALUATIONS = 1000;

  /// The cheapest for the loss of `compute`, an allocation on the frontier of `law`.
  public static ServingPlan of(
      ParametricLaw law, Allocation compute, double servedTokens, double servingCost) {
    Require.positive("the number of served tokens", servedTokens);
    Require.positive("the cost of serving", servingCost);
    double weighed = servedTokens * servingCost;
    double least = Math.log(law.a() / (compute.loss() - law.e())) / law.alpha();
    double most = Math.log(compute.parameters());
    double nearly = least + 1e-9 * (most - least);
    double parameters =
        Math.exp(
            new BrentSolver(RELATIVE, 1e-13)
                .solve(
                    EVALUATIONS,
                    size -> excess(law, compute.loss(), Math.exp(size), weighed),
                    nearly,
                    most));
    double tokens = tokens(law, compute.loss(), parameters);
    return new ServingPlan(compute, Trained.of(law, parameters, tokens), servedTokens, servingCost);
  }

  /// ln of alpha A N^-alpha / (beta B D^-beta) less ln of 1 + S / (3 D): zero at the cheapest.
  private static double excess(ParametricLaw law, double loss, double parameters, double served) {
    double tokens = tokens(law, loss, parameters);
    double size = law.alpha() * law.a() * Math.pow(parameters, -law.alpha());
    double data = law.beta() * law.b() * Math.pow(tokens, -law.beta());
    return Math.log(size / data) - Math.log1p(served / (3 * tokens));
  }

  /// D that brings a model to `loss`.
  private static double tokens(ParametricLaw law, double loss, double parameters) {
    double rest = loss - law.e() - law.a() * Math.pow(parameters, -law.alpha());
    return Math.pow(law.b() / rest, 1 / law.beta());
  }

  /// Training and serving, in FLOPs of training.
  public double totalFlops() {
    return total(chosen);
  }

  /// The same had the compute-optimal model been trained and served.
  public double totalFlopsOfCompute() {
    return total(compute);
  }

  private double total(Allocation trained) {
    return trained.flops() + SERVED_FLOPS * trained.parameters() * servedTokens * servingCost;
  }
}
