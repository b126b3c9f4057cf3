package dev.gatun.laws;

import dev.gatun.memory.Device;
import dev.gatun.op.Spec;
import dev.gatun.tensor.DType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.function.BiConsumer;
import java.util.stream.Stream;

/// The tangent of an op is its directional derivative, and so is that of its pullback: along a
/// random direction of each argument alone, and of all together, in fp64, the tangents of the
/// outputs add up to the [Slope] of what the outputs add up to. The tangent is the transpose of the
/// pullback: both give the same product of a direction and cotangents.
public final class TangentLaw implements Law {
  @Override
  public void check(Device device, OpSample sample) {
    var run = new OpRun(device, sample, DType.F64);
    forward(sample, run);
    transpose(sample, run);
    pullback(sample, run);
  }

  private static void forward(OpSample sample, OpRun run) {
    var random = sample.random();
    var x = sample.draw(random);
    var values = run.all(run.forward(x));
    var weights = new double[values.length][];
    for (int i = 0; i < values.length; i++) {
      if (run.hasTangent(i)) weights[i] = weights(random, values[i].length);
    }
    directions(
        sample.specs(DType.F64),
        random,
        (direction, who) -> {
          var tangents = run.tangent(x, direction);
          Slope.of(
                  h -> Sum.of(weights, run.all(run.forward(moved(x, direction, h)))).value(),
                  Sum.of(weights, values).height())
              .require(
                  sample,
                  Sum.of(weights, tangents).value(),
                  Sum.of(weights, values).height() + Sum.of(weights, tangents).height(),
                  "the tangent along " + who);
        });
  }

  private static void transpose(OpSample sample, OpRun run) {
    var random = sample.random();
    var x = sample.draw(random);
    var cotangents = run.drawCotangents(random);
    var gradients = run.pull(x, cotangents);
    var specs = sample.specs(DType.F64);
    var direction = new double[x.length][];
    var ofFloats = new ArrayList<double[]>();
    for (int i = 0; i < x.length; i++) {
      if (!specs.get(i).dtype().isFloating()) continue;
      direction[i] = weights(random, x[i].length);
      ofFloats.add(direction[i]);
    }
    var tangents = Arrays.copyOf(run.tangent(x, direction), cotangents.length);
    var forward = Sum.of(cotangents, tangents);
    var backward = Sum.of(gradients, ofFloats.toArray(double[][]::new));
    long terms = 16 + sample.shapes().stream().mapToLong(shape -> shape.count()).max().orElse(0);
    double rounding = terms * Math.ulp(forward.height() + backward.height() + 1);
    sample.require(
        Math.abs(forward.value() - backward.value()) <= rounding,
        "the tangent gives %.17g, its transpose %.17g",
        forward.value(),
        backward.value());
  }

  private static void pullback(OpSample sample, OpRun run) {
    var random = sample.random();
    var x = sample.draw(random);
    var cotangents = run.drawCotangents(random);
    var reads =
        Stream.concat(Arrays.stream(run.reads(x, run.forward(x))), Arrays.stream(cotangents))
            .toArray(double[][]::new);
    var into = run.overwriting(Double.NaN);
    var gradients = pull(run, reads, cotangents.length);
    var weights = new double[gradients.length][];
    for (int i = 0; i < weights.length; i++) weights[i] = weights(random, gradients[i].length);
    // What is read is as large as what cancels within a gradient.
    double largest =
        Math.max(
            1,
            Norms.largest(Arrays.stream(reads).filter(Objects::nonNull).toArray(double[][]::new)));
    directions(
        run.readSpecs(),
        random,
        (direction, who) -> {
          var tangents = run.pullTangent(reads, direction, into);
          Slope.of(
                  h ->
                      Sum.of(weights, pull(run, moved(reads, direction, h), cotangents.length))
                          .value(),
                  largest * Sum.of(weights, gradients).height())
              .require(
                  sample,
                  Sum.of(weights, tangents).value(),
                  largest * Sum.of(weights, gradients).height()
                      + Sum.of(weights, tangents).height(),
                  "the pullback's tangent along what it reads, " + who);
          added(sample, run, reads, direction, tangents, weights);
        });
  }

  /// What is not fresh is added to.
  private static void added(
      OpSample sample,
      OpRun run,
      double[][] reads,
      double[][] direction,
      double[][] fresh,
      double[][] before) {
    var sums = run.pullTangent(reads, direction, new OpRun.Into(before, 0));
    long terms = 16 + sample.shapes().stream().mapToLong(shape -> shape.count()).max().orElse(0);
    for (int i = 0; i < sums.length; i++) {
      double rounding = terms * Math.ulp(1 + Norms.largest(fresh[i]) + Norms.largest(before[i]));
      var expected = new double[sums[i].length];
      for (int j = 0; j < expected.length; j++) expected[j] = before[i][j] + fresh[i][j];
      int at = Norms.firstBeyond(expected, sums[i], rounding);
      sample.require(at < 0, "the pullback's tangent %d is not added at element %d", i, at);
    }
  }

  private static double[][] pull(OpRun run, double[][] reads, int cotangents) {
    int count = reads.length - cotangents;
    return run.pull(
        Arrays.copyOf(reads, count),
        Arrays.copyOfRange(reads, count, reads.length),
        run.overwriting(Double.NaN));
  }

  /// Calls `check` with a random direction of each floating-point argument alone, the others
  /// `null`, and with all of them.
  private static void directions(
      List<Spec> specs, SplittableRandom random, BiConsumer<double[][], String> check) {
    var all = new double[specs.size()][];
    for (int i = 0; i < all.length; i++) {
      if (specs.get(i) == null || !specs.get(i).dtype().isFloating()) continue;
      all[i] = weights(random, Math.toIntExact(specs.get(i).shape().count()));
    }
    for (int i = 0; i < all.length; i++) {
      if (all[i] == null) continue;
      var alone = new double[all.length][];
      alone[i] = all[i];
      check.accept(alone, "argument " + i);
    }
    check.accept(all, "all arguments");
  }

  private static double[] weights(SplittableRandom random, int count) {
    return random.doubles(count, -1, 1).toArray();
  }

  private static double[][] moved(double[][] x, double[][] direction, double h) {
    var moved = x.clone();
    for (int i = 0; i < x.length; i++) {
      if (direction[i] == null || x[i] == null) continue;
      moved[i] = x[i].clone();
      for (int j = 0; j < moved[i].length; j++) moved[i][j] += h * direction[i][j];
    }
    return moved;
  }

  /// The sum of products, and of their magnitudes; `null` on either side is zero.
  private record Sum(double value, double height) {
    static Sum of(double[][] a, double[][] b) {
      double value = 0;
      double height = 0;
      for (int i = 0; i < a.length; i++) {
        if (a[i] == null || b[i] == null) continue;
        value += Norms.dot(a[i], b[i]);
        double largest = Math.max(1, Norms.largest(b[i]));
        for (double weight : a[i]) height += Math.abs(weight) * largest;
      }
      return new Sum(value, height);
    }
  }
}
