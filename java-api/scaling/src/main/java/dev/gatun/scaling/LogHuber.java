package dev.gatun.scaling;

/// The objective of the parametric fit (Hoffmann et al. 2022, equation 3), over n runs:
///
/// F(x) = sum of Huber(r), r = LSE(a - alpha ln N, b - beta ln D, e) - ln L, x = (a, b, e, alpha,
/// beta), where a, b and e are the logarithms of A, B and E, and Huber(r) = r²/2 up to |r| =
/// [#DELTA], then delta (|r| - delta/2).
///
/// Trap: the sum, never the mean. A mean over hundreds of runs lies near 1e-6, where the absolute
/// tolerances of common optimizers stop early, at a wrong answer.
final class LogHuber {
  /// Where the square goes over into a line, in nats of ln L.
  static final double DELTA = 1e-3;

  /// The length of x.
  static final int SIZE = 5;

  private final double[] logParameters;
  private final double[] logTokens;
  private final double[] logLoss;

  private LogHuber(double[] logParameters, double[] logTokens, double[] logLoss) {
    this.logParameters = logParameters;
    this.logTokens = logTokens;
    this.logLoss = logLoss;
  }

  static LogHuber of(Runs runs) {
    return new LogHuber(
        runs.all().stream().mapToDouble(run -> Math.log(run.parameters())).toArray(),
        runs.all().stream().mapToDouble(run -> Math.log(run.tokens())).toArray(),
        runs.all().stream().mapToDouble(run -> Math.log(run.loss())).toArray());
  }

  /// The same over some runs, each as often as it is named.
  LogHuber drawn(int[] indices) {
    return new LogHuber(
        drawn(logParameters, indices), drawn(logTokens, indices), drawn(logLoss, indices));
  }

  private static double[] drawn(double[] of, int[] indices) {
    var drawn = new double[indices.length];
    for (int i = 0; i < indices.length; i++) drawn[i] = of[indices[i]];
    return drawn;
  }

  int points() {
    return logLoss.length;
  }

  double value(double[] x) {
    double sum = 0;
    for (double residual : residuals(x)) sum += huber(residual);
    return sum;
  }

  /// r of every run.
  double[] residuals(double[] x) {
    var residuals = new double[points()];
    var shares = new double[3];
    for (int i = 0; i < residuals.length; i++) residuals[i] = residual(shares, x, i);
    return residuals;
  }

  /// F by each of the five.
  double[] gradient(double[] x) {
    var gradient = new double[SIZE];
    var row = new double[SIZE];
    for (int i = 0; i < points(); i++) {
      double pull = Math.clamp(derivative(row, x, i), -DELTA, DELTA);
      for (int k = 0; k < SIZE; k++) gradient[k] += pull * row[k];
    }
    return gradient;
  }

  /// Fills `row` with the derivatives of r of run `i` by the five; returns r.
  double derivative(double[] row, double[] x, int i) {
    double residual = residual(row, x, i);
    row[3] = -row[0] * logParameters[i];
    row[4] = -row[1] * logTokens[i];
    return residual;
  }

  /// Also puts the shares of the three terms in the predicted loss first into `shares`.
  private double residual(double[] shares, double[] x, int i) {
    double ofParameters = x[0] - x[3] * logParameters[i];
    double ofTokens = x[1] - x[4] * logTokens[i];
    double top = Math.max(x[2], Math.max(ofParameters, ofTokens));
    shares[0] = below(top, ofParameters);
    shares[1] = below(top, ofTokens);
    shares[2] = below(top, x[2]);
    double sum = shares[0] + shares[1] + shares[2];
    for (int term = 0; term < 3; term++) shares[term] /= sum;
    return top + Math.log(sum) - logLoss[i];
  }

  /// e^(term - top); the exponentials are what a fit spends its time on, and one of three is 1.
  private static double below(double top, double term) {
    return term == top ? 1 : Math.exp(term - top);
  }

  static double huber(double residual) {
    double size = Math.abs(residual);
    return size <= DELTA ? size * size / 2 : DELTA * (size - DELTA / 2);
  }

  static double[] point(ParametricLaw law) {
    return new double[] {
      Math.log(law.a()), Math.log(law.b()), Math.log(law.e()), law.alpha(), law.beta()
    };
  }

  static ParametricLaw law(double[] x) {
    return new ParametricLaw(Math.exp(x[2]), Math.exp(x[0]), Math.exp(x[1]), x[3], x[4]);
  }
}
