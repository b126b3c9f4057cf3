package dev.gatun.scaling;

/// The loss of a transformer as Hoffmann et al. 2022 (arXiv 2203.15556, section 3.3) write it: L(N,
/// D) = E + A / N^alpha + B / D^beta, in nats a token, for N parameters trained on D tokens once.
///
/// @param e E, the loss that no model and no data take away
/// @param a A, of the term that more parameters shrink
/// @param b B, of the term that more tokens shrink
/// @param alpha the exponent of N
/// @param beta the exponent of D
public record ParametricLaw(double e, double a, double b, double alpha, double beta) {
  /// FLOPs a parameter and token: 2 a multiply-add, and the backward pass costs twice the forward.
  static final double FLOPS = 6;

  /// The predicted loss of `parameters` trained on `tokens`.
  public double loss(double parameters, double tokens) {
    return e + a * Math.pow(parameters, -alpha) + b * Math.pow(tokens, -beta);
  }

  /// The exponent of compute in the best number of parameters: beta / (alpha + beta).
  public double parameterExponent() {
    return beta / (alpha + beta);
  }

  /// G of the closed form: N = G (C / 6)^(beta / (alpha + beta)).
  public double frontierFactor() {
    return Math.pow(alpha * a / (beta * b), 1 / (alpha + beta));
  }

  /// The allocation of least loss among those with 6 N D = `flops` (equation 4).
  public Allocation optimum(double flops) {
    double parameters = frontierFactor() * Math.pow(flops / FLOPS, parameterExponent());
    double tokens = flops / (FLOPS * parameters);
    return new Allocation(flops, parameters, tokens, loss(parameters, tokens));
  }
}
