package dev.gatun.scaling;

/// y = factor * x^exponent.
public record PowerLaw(double factor, double exponent) {
  /// The line of least squares through (ln x, ln y).
  static PowerLaw through(double[] x, double[] y) {
    var line = Polynomial.fit(logarithms(x), logarithms(y), 1);
    return new PowerLaw(Math.exp(line.at(0)), line.slope(0));
  }

  private static double[] logarithms(double[] of) {
    var logarithms = new double[of.length];
    for (int i = 0; i < of.length; i++) logarithms[i] = Math.log(of[i]);
    return logarithms;
  }

  /// y at `x`.
  public double at(double x) {
    return factor * Math.pow(x, exponent);
  }
}
