package dev.gatun.scaling;

/// The compute-optimal N and D over C, as two power laws.
///
/// @param parameters N over C; its exponent is called a
/// @param tokens D over C; its exponent is called b
public record PowerFrontier(PowerLaw parameters, PowerLaw tokens) {
  /// The lines of least squares through optima in (ln C, ln N) and (ln C, ln D).
  static PowerFrontier through(double[] flops, double[] parameters, double[] tokens) {
    return new PowerFrontier(PowerLaw.through(flops, parameters), PowerLaw.through(flops, tokens));
  }

  /// The frontier of a parametric law, in closed form (equation 4): N = G (C/6)^a, D = (C/6)^b / G.
  public static PowerFrontier of(ParametricLaw law) {
    double a = law.parameterExponent();
    double scale = Math.pow(ParametricLaw.FLOPS, -a);
    return new PowerFrontier(
        new PowerLaw(law.frontierFactor() * scale, a),
        new PowerLaw(1 / (law.frontierFactor() * scale * ParametricLaw.FLOPS), 1 - a));
  }
}
