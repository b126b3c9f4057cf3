package dev.gatun.bench;

import dev.gatun.grad.Gradients;
import dev.gatun.grad.HessianVector;
import dev.gatun.grad.Tape;
import dev.gatun.memory.Device;
import dev.gatun.memory.Scope;
import dev.gatun.optim.RandomDirection;
import dev.gatun.optim.Sophia;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.MemorySegment;
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

  private static void measure(Run run, String name) {
    try (var device = run.open()) {
      var memory = device.scope();
      var net = Net.of(name, memory);
      var u = direction(net, memory, 1);
      requireSymmetric(device, net, u, direction(net, memory, 2));
      run.rows().add(timed(device, net, u, Row.of(Subject.hvp, name)));
    }
  }

  private static RandomDirection direction(Net net, Scope memory, long seed) {
    var key = memory.longs(2);
    memory.copyToDevice(key, MemorySegment.ofArray(new long[] {seed, 0}));
    return new RandomDirection(net.parameters(), Sophia.Probe.SIGNS, key);
  }

  private static Row timed(Device device, Net net, RandomDirection u, Row row) {
    var product = HessianVector.along(u);
    var gradient = new double[ROUNDS];
    var both = new double[ROUNDS];
    var ratio = new double[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
      gradient[i] = Timing.median(1, () -> walk(device, net, Tape::backward));
      both[i] = Timing.median(1, () -> walk(device, net, product::of));
      ratio[i] = both[i] / gradient[i];
    }
    row.with("gradient_us", Timing.median(gradient)).with("with_product_us", Timing.median(both));
    return row.with("of_the_gradient", Timing.median(ratio));
  }

  /// What is done with a tape and its loss.
  private interface Walk {
    Gradients of(Tape tape, Tensor loss);
  }

  private static void walk(Device device, Net net, Walk walk) {
    net.parameters().forgetGradients();
    try (var tape = Tape.open(device)) {
      var loss = net.loss().get();
      walk.of(tape, loss);
      if (!Double.isFinite(loss.item())) throw new BenchFailure("the loss is not finite");
    }
  }

  /// u H v = v H u; both walks warm what is measured.
  private static void requireSymmetric(
      Device device, Net net, RandomDirection u, RandomDirection v) {
    double one = dot(device, net, u, v);
    double other = dot(device, net, v, u);
    double scale = Math.abs(dot(device, net, u, u)) + Math.abs(one);
    if (Math.abs(one - other) <= ALLOWED * scale) return;
    throw new BenchFailure("the Hessian is not symmetric: %g and %g", one, other);
  }

  /// The product along `u`, times `v`.
  private static double dot(Device device, Net net, RandomDirection u, RandomDirection v) {
    net.parameters().forgetGradients();
    double sum = 0;
    try (var tape = Tape.open(device)) {
      var product = HessianVector.along(u).of(tape, net.loss().get());
      for (var name : net.parameters().names()) {
        var parameter = net.parameters().get(name);
        try (var work = device.scope()) {
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
