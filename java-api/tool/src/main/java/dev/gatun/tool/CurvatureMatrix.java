package dev.gatun.tool;

import dev.gatun.grad.Direction;
import dev.gatun.grad.GaussNewtonVector;
import dev.gatun.grad.HessianVector;
import dev.gatun.grad.VectorProduct;
import picocli.CommandLine.Option;

/// The option that says which matrix is meant.
final class CurvatureMatrix {
  @Option(
      names = "--gauss-newton",
      description =
          "The Gauss-Newton matrix: the Hessian without the network's own curvature, never"
              + " negative.")
  private boolean gaussNewton;

  VectorProduct along(Direction direction) {
    return gaussNewton ? GaussNewtonVector.along(direction) : HessianVector.along(direction);
  }

  /// What JSON calls it.
  String key() {
    return gaussNewton ? "gaussNewton" : "hessian";
  }

  @Override
  public String toString() {
    return gaussNewton ? "Gauss-Newton matrix" : "Hessian";
  }
}
