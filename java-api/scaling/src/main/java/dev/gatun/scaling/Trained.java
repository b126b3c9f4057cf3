package dev.gatun.scaling;

/// Allocations off the frontier.
final class Trained {
  private Trained() {}

  /// Any N and D, with C = 6 N D.
  static Allocation of(ParametricLaw law, double parameters, double tokens) {
    double flops = ParametricLaw.FLOPS * parameters * tokens;
    return new Allocation(flops, parameters, tokens, law.loss(parameters, tokens));
  }
}
