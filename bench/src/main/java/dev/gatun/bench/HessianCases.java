package dev.gatun.bench;

import dev.gatun.grad.HessianVector;
import dev.gatun.grad.Tape;
import dev.gatun.optim.RandomDirection;
import java.util.List;

/// The gradient of a GPT-2, and gradient and Hessian-vector product together, in turns.
final class HessianCases {
  private static final int ROUNDS = 5;
  private static final double ALLOWED = 1e-2;

  private HessianCases() {}

  static List<Case> of(Run run) {
    if (run.quick()) return List.of(of(run, Net.TINY_GPT, 0.3));
    return List.of(of(run, "gpt2-14m", 45), of(run, "gpt2-1k-context", 55));
  }

  private static Case of(Run run, String net, double seconds) {
    return new Case("hvp " + net, seconds, () -> measure(run, net));
  }

  private static void measure(Run run, String name) throws Exception {
    try (var device = run.open()) {
      var walks = new Walks(device, Net.of(name, device.scope()));
      var u = walks.direction(1);
      requireSymmetric(walks, u, walks.direction(2));
      var product = HessianVector.along(u);
      var times =
          new Turns()
              .with("gradient", () -> walks.walk(Tape::backward))
              .with("both", () -> walks.walk(product::of))
              .times(ROUNDS, 1);
      run.rows()
          .add(
              Row.of(Subject.hvp, name)
                  .with("gradient_us", times.of("gradient"))
                  .with("with_product_us", times.of("both"))
                  .with("of_the_gradient", times.ratio("both", "gradient")));
    }
  }

  /// u H v = v H u, and not all is 0; both walks warm what is measured.
  private static void requireSymmetric(Walks walks, RandomDirection u, RandomDirection v) {
    double one = dot(walks, u, v);
    double other = dot(walks, v, u);
    double scale = Math.abs(dot(walks, u, u)) + Math.abs(one);
    if (scale > 0 && Math.abs(one - other) <= ALLOWED * scale) return;
    throw new BenchFailure("the Hessian is not symmetric: %g and %g", one, other);
  }

  /// The product along `u`, times `v`.
  private static double dot(Walks walks, RandomDirection u, RandomDirection v) {
    var parameters = walks.net().parameters();
    parameters.forgetGradients();
    double sum = 0;
    try (var tape = Tape.open(walks.device())) {
      var product = HessianVector.along(u).of(tape, walks.net().loss().get());
      for (var name : parameters.names()) {
        var parameter = parameters.get(name);
        try (var work = walks.device().scope()) {
          sum += dot(product.of(parameter).toFloats(), v.along(parameter, work).toFloats());
        }
      }
    }
    return sum;
  }

  private static double dot(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) sum += (double) a[i] * b[i];
    return sum;
  }
}
