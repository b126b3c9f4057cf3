package dev.gatun.scaling;

/// Optimal size and training as powers of compute, as the approaches without a loss formula give
/// them: N = sizeFactor C^sizeExponent, D = tokenFactor C^tokenExponent.
public record PowerLine(
    double sizeFactor, double sizeExponent, double tokenFactor, double tokenExponent) {
  /// The line through Hoffmann et al. 2022's Table 3 (approach 1: the envelope of training
  /// curves). Its sizes lie within 1.2 % of the line, its tokens, which the table rounds, within
  /// 5 %.
  public static final PowerLine HOFFMANN_TABLE_3 =
      new PowerLine(0.0991589, 0.498099, 1.69608, 0.501854);

  public double parameters(double flops) {
    return sizeFactor * Math.pow(flops, sizeExponent);
  }

  public double tokens(double flops) {
    return tokenFactor * Math.pow(flops, tokenExponent);
  }
}
