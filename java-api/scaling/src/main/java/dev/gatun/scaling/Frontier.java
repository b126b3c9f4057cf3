package dev.gatun.scaling;

import dev.gatun.InvalidArgument;

/// The compute-optimal allocations of a law, found by any of their coordinates. With x = C / 6
/// they are N = G x^a and D = x^b / G (Hoffmann et al. 2022, equation 4).
public record Frontier(ParametricLaw law) {
  /// The best use of `flops`.
  public Allocation atFlops(double flops) {
    return law.optimum(Require.positive("the FLOP budget", flops));
  }

  /// The training for which a model of `parameters` is the best size: D = N^(b/a) G^-(1 + b/a).
  public Allocation atParameters(double parameters) {
    Require.positive("the number of parameters", parameters);
    double growth = law.alpha() / law.beta();
    double tokens = Math.pow(parameters, growth) * Math.pow(law.frontierFactor(), -1 - growth);
    return at(parameters, tokens);
  }

  /// The model for which `tokens` are the best training: N = G^(1 + a/b) D^(a/b).
  public Allocation atTokens(double tokens) {
    Require.positive("the number of tokens", tokens);
    double growth = law.beta() / law.alpha();
    double parameters = Math.pow(tokens, growth) * Math.pow(law.frontierFactor(), 1 + growth);
    return at(parameters, tokens);
  }

  /// The cheapest training to `loss`. On the frontier L - E = (A G^-alpha + B G^beta) x^-c with c
  /// = alpha beta / (alpha + beta). Throws [InvalidArgument] where no training gets there.
  public Allocation atLoss(double loss) {
    if (!(loss > law.e()) || loss == Double.POSITIVE_INFINITY) {
      throw new InvalidArgument(
          "a loss of %s is out of reach: no model of this law goes below %s"
              .formatted(loss, law.e()));
    }
    double factor = law.frontierFactor();
    double height =
        law.a() * Math.pow(factor, -law.alpha()) + law.b() * Math.pow(factor, law.beta());
    double exponent = law.alpha() * law.beta() / (law.alpha() + law.beta());
    return law.optimum(ParametricLaw.FLOPS * Math.pow(height / (loss - law.e()), 1 / exponent));
  }

  private Allocation at(double parameters, double tokens) {
    return Trained.of(law, parameters, tokens);
  }
}
