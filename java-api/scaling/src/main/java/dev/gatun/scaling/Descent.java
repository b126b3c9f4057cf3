package dev.gatun.scaling;

import org.hipparchus.exception.MathIllegalStateException;
import org.hipparchus.linear.Array2DRowRealMatrix;
import org.hipparchus.linear.ArrayRealVector;
import org.hipparchus.linear.RealMatrix;
import org.hipparchus.linear.RealVector;
import org.hipparchus.optim.nonlinear.vector.leastsquares.LeastSquaresFactory;
import org.hipparchus.optim.nonlinear.vector.leastsquares.LevenbergMarquardtOptimizer;
import org.hipparchus.optim.nonlinear.vector.leastsquares.MultivariateJacobianFunction;
import org.hipparchus.util.Pair;

/// Goes down [LogHuber] from one start by Levenberg-Marquardt, to a relative tolerance.
///
/// The sum of Huber losses is a sum of squares: with s = sign(r) sqrt(2 Huber(r)), F = |s|²/2, and
/// s has the continuous derivative clip(r, -delta, delta) / s by r. In the linear part the
/// Gauss-Newton matrix overstates the curvature: steps there are cautious and never wild.
final class Descent {
  /// Coarse: enough to tell which starts are worth going on with.
  static final double GLANCE = 1e-4;

  /// Just above the resolution of a double, below which the optimizer refuses to work.
  static final double POLISH = 1e-15;

  /// Of the samples of a bootstrap, which differ by per cents.
  static final double SAMPLE = 1e-9;

  private static final int EVALUATIONS = 400;
  private static final double ORTHOGONAL = 1e-13;

  private final LogHuber objective;
  private final LevenbergMarquardtOptimizer optimizer;

  /// Where a descent ended.
  ///
  /// @param point x
  /// @param value F there
  record End(double[] point, double value) {}

  /// @param tolerance of F and of x, relative
  Descent(LogHuber objective, double tolerance) {
    this.objective = objective;
    this.optimizer =
        new LevenbergMarquardtOptimizer()
            .withCostRelativeTolerance(tolerance)
            .withParameterRelativeTolerance(tolerance)
            .withOrthoTolerance(ORTHOGONAL);
  }

  /// The lowest point met.
  End from(double[] start) {
    var lowest = new Lowest();
    try {
      optimizer.optimize(
          LeastSquaresFactory.create(
              lowest,
              new ArrayRealVector(objective.points()),
              new ArrayRealVector(start),
              null,
              EVALUATIONS,
              EVALUATIONS));
    } catch (MathIllegalStateException outOfStepsOrOfDigits) {
      // The optimizer tells where it is only when it is content; the lowest point is known here.
    }
    return lowest.end;
  }

  /// s and its Jacobian; remembers the lowest point.
  private final class Lowest implements MultivariateJacobianFunction {
    private End end = new End(null, Double.POSITIVE_INFINITY);

    @Override
    public Pair<RealVector, RealMatrix> value(RealVector at) {
      var x = at.toArray();
      var roots = new double[objective.points()];
      var rows = new double[roots.length][LogHuber.SIZE];
      double sum = 0;
      for (int i = 0; i < roots.length; i++) {
        double residual = objective.derivative(rows[i], x, i);
        double huber = LogHuber.huber(residual);
        sum += huber;
        roots[i] = Math.copySign(Math.sqrt(2 * huber), residual);
        if (Math.abs(residual) > LogHuber.DELTA)
          scale(rows[i], LogHuber.DELTA / Math.abs(roots[i]));
      }
      if (sum < end.value() || end.point() == null) end = new End(x, sum);
      return new Pair<>(new ArrayRealVector(roots, false), new Array2DRowRealMatrix(rows, false));
    }

    private static void scale(double[] row, double factor) {
      for (int k = 0; k < row.length; k++) row[k] *= factor;
    }
  }
}
