package dev.gatun.scaling;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/// Starts for the parametric fit: for fixed alpha and beta the law is linear in E, A and B, so only
/// the two exponents are searched, on a grid.
///
/// At each node E, A, B >= 0 minimise the Huber loss of the relative residuals (prediction / L - 1,
/// which near the optimum is the residual in ln L) by a few rounds of reweighted least squares. The
/// residuals are not quite those of [LogHuber], so this seeds that fit and does not replace it.
final class VariableProjection {
  private static final double STEP = 0.05;
  private static final int NODES = 40;
  private static final int ROUNDS = 6;
  private static final int MOST_SEEDS = 8;

  /// What stands for E, A or B where the best one is nought: ln 0 is no start.
  private static final double NEXT_TO_NOUGHT = 1e-3;

  private final Runs runs;
  private final double parametersUnit;
  private final double tokensUnit;
  private final double[][] ofParameters;
  private final double[][] ofTokens;
  private final double[] constant;

  /// A node of the grid of exponents.
  ///
  /// @param point x of [LogHuber]
  /// @param value the Huber loss of the relative residuals
  /// @param atEdge whether the node lies on the edge of the grid
  record Seed(double[] point, double value, boolean atEdge) {}

  private VariableProjection(Runs runs) {
    this.runs = runs;
    this.parametersUnit = middle(runs.all().stream().mapToDouble(TrainingRun::parameters));
    this.tokensUnit = middle(runs.all().stream().mapToDouble(TrainingRun::tokens));
    var loss = runs.all().stream().mapToDouble(TrainingRun::loss).toArray();
    var parameters = runs.all().stream().mapToDouble(TrainingRun::parameters).toArray();
    var tokens = runs.all().stream().mapToDouble(TrainingRun::tokens).toArray();
    this.constant = column(parameters, 1, 0, loss);
    this.ofParameters = columns(parameters, parametersUnit, loss);
    this.ofTokens = columns(tokens, tokensUnit, loss);
  }

  /// The geometric mean: N and D in such units make columns of like size.
  private static double middle(java.util.stream.DoubleStream of) {
    return Math.exp(of.map(Math::log).average().orElseThrow());
  }

  private static double[][] columns(double[] of, double unit, double[] loss) {
    return IntStream.range(0, NODES)
        .mapToObj(node -> column(of, unit, exponent(node), loss))
        .toArray(double[][]::new);
  }

  private static double[] column(double[] of, double unit, double exponent, double[] loss) {
    return IntStream.range(0, of.length)
        .mapToDouble(i -> Math.pow(of[i] / unit, -exponent) / loss[i])
        .toArray();
  }

  private static double exponent(int node) {
    return STEP * (node + 1);
  }

  /// The minima of the grid, the lowest first; never none.
  static List<Seed> seeds(Runs runs) {
    var projection = new VariableProjection(runs);
    var grid =
        IntStream.range(0, NODES * NODES)
            .parallel()
            .mapToObj(node -> projection.seed(node / NODES, node % NODES))
            .toArray(Seed[]::new);
    var minima = new ArrayList<Seed>();
    for (int node = 0; node < grid.length; node++) {
      if (isMinimum(grid, node)) minima.add(grid[node]);
    }
    minima.sort(Comparator.comparingDouble(Seed::value));
    return minima.subList(0, Math.min(MOST_SEEDS, minima.size()));
  }

  private static boolean isMinimum(Seed[] grid, int node) {
    for (int i = Math.max(0, node / NODES - 1); i <= Math.min(NODES - 1, node / NODES + 1); i++) {
      for (int j = Math.max(0, node % NODES - 1); j <= Math.min(NODES - 1, node % NODES + 1); j++) {
        if (grid[i * NODES + j].value() < grid[node].value()) return false;
      }
    }
    return true;
  }

  private Seed seed(int alpha, int beta) {
    double[][] columns = {constant, ofParameters[alpha], ofTokens[beta]};
    var weights = new double[constant.length];
    Arrays.fill(weights, 1);
    var best = new double[3];
    for (int round = 0; round < ROUNDS; round++) {
      best = NonNegativeLeastSquares.solve(columns, weights);
      for (int i = 0; i < weights.length; i++) {
        weights[i] = Math.min(1, LogHuber.DELTA / Math.abs(residual(columns, best, i)));
      }
    }
    double value = 0;
    for (int i = 0; i < weights.length; i++) value += LogHuber.huber(residual(columns, best, i));
    boolean atEdge = isEdge(alpha) || isEdge(beta);
    return new Seed(point(best, exponent(alpha), exponent(beta)), value, atEdge);
  }

  private static boolean isEdge(int node) {
    return node == 0 || node == NODES - 1;
  }

  private static double residual(double[][] columns, double[] of, int i) {
    return of[0] * columns[0][i] + of[1] * columns[1][i] + of[2] * columns[2][i] - 1;
  }

  private double[] point(double[] amounts, double alpha, double beta) {
    double least = NEXT_TO_NOUGHT * runs.least(TrainingRun::loss);
    return new double[] {
      Math.log(Math.max(least, amounts[1])) + alpha * Math.log(parametersUnit),
      Math.log(Math.max(least, amounts[2])) + beta * Math.log(tokensUnit),
      Math.log(Math.max(least, amounts[0])),
      alpha,
      beta
    };
  }
}
