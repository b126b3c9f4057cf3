package dev.gatun.laws;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.laws.DenseAttention.Arrays;
import dev.gatun.laws.DenseAttention.Problem;
import dev.gatun.laws.DenseAttention.Sums;
import dev.gatun.memory.Device;
import dev.gatun.tensor.DType;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.function.DoubleFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/// The tangents of attention and of its pullback: the slopes of what they are the tangents of, and
/// in every type the numbers that their definitions say.
@Tag("laws")
@Tag("backend")
class AttentionTangentTest {
  /// batch, context, heads, head size, scale, causal, and where documents begin and end.
  private static final String CASES =
      """
      1 1 1 5 0.4 1
      2 7 2 5 0.4 0
      2 7 2 5 0.4 1
      2 7 1 5 0 1
      2 7 1 20 -0.3 1
      2 7 1 5 0.4 0 0 1 3 3 14
      1 65 1 20 0.2 1
      1 65 1 5 -0.4 0
      1 129 1 5 0.4 0
      1 129 1 5 0.4 1
      1 129 1 5 0.4 1 0 60 64 129
      1 9 1 64 0.125 0
      1 70 1 80 0.1 1
      1 7 1 130 0.1 1
      """;

  /// The last error of Richardson's rule goes with the fourth power of the step, that of rounding
  /// with its inverse.
  private static final double STEP = 0x1p-9;

  private static Device device;

  @BeforeAll
  static void open() {
    device = Devices.underTest();
  }

  @AfterAll
  static void close() {
    device.close();
  }

  private static Stream<Problem> cases() {
    return CASES
        .lines()
        .filter(Devices::isUnderTest)
        .map(
            line -> {
              var words = line.strip().split(" ");
              int[] sizes = IntStream.range(0, 4).map(i -> Integer.parseInt(words[i])).toArray();
              var bounds =
                  java.util.Arrays.stream(words).skip(6).mapToInt(Integer::parseInt).toArray();
              return new Problem(
                  sizes[0],
                  sizes[1],
                  sizes[2],
                  sizes[3],
                  Double.parseDouble(words[4]),
                  words[5].equals("1"),
                  bounds);
            });
  }

  private static Stream<DynamicTest> each(Consumer<Problem> check) {
    return cases()
        .map(problem -> DynamicTest.dynamicTest(problem.toString(), () -> check.accept(problem)));
  }

  private static AttentionRun run(Problem p, DType dtype) {
    return new AttentionRun(device, p, dtype, 0);
  }

  @TestFactory
  Stream<DynamicTest> tangentIsTheSlopeOfForward() {
    return each(
        p -> {
          var run = run(p, DType.F64);
          var random = new SplittableRandom(1);
          var x = run.draw(random);
          var tqkv = run.direction(random).qkv();
          var claimed = run.tangent(x, tqkv);
          for (int output = 0; output < 2; output++) {
            int which = output;
            requireSlope(
                "output " + output,
                h -> run.forward(moved(x.qkv(), tqkv, h))[which],
                claimed[output],
                p.context() + p.size());
          }
        });
  }

  /// Along each of its inputs alone, as if they were independent, and along all of them.
  @TestFactory
  Stream<DynamicTest> pullbackTangentIsTheSlopeOfPullback() {
    return each(
        p -> {
          var run = run(p, DType.F64);
          var random = new SplittableRandom(2);
          var x = run.draw(random);
          var all = run.direction(random);
          var directions =
              List.of(
                  new Arrays(all.qkv(), null, null, null),
                  new Arrays(null, all.y(), null, null),
                  new Arrays(null, null, all.lse(), null),
                  new Arrays(null, null, null, all.dy()),
                  all);
          for (int i = 0; i < directions.size(); i++) {
            var tx = directions.get(i);
            requireSlope(
                "direction " + i,
                h ->
                    run.pullback(
                        new Arrays(
                            moved(x.qkv(), tx.qkv(), h),
                            moved(x.y(), tx.y(), h),
                            moved(x.lse(), tx.lse(), h),
                            moved(x.dy(), tx.dy(), h))),
                run.pullbackTangent(x, tx),
                p.context() * 3 * p.size());
          }
        });
  }

  private static double[] moved(double[] x, double[] direction, double h) {
    if (direction == null) return x;
    return IntStream.range(0, x.length).mapToDouble(i -> x[i] + h * direction[i]).toArray();
  }

  /// `terms`: numbers of magnitude 1 or less that a value is a sum of, each of which rounds.
  private static void requireSlope(
      String what, DoubleFunction<double[]> f, double[] claimed, int terms) {
    var at1 = difference(f, STEP);
    var at2 = difference(f, 2 * STEP);
    var at4 = difference(f, 4 * STEP);
    double rounding = terms * Math.ulp(1.0) / STEP;
    double largest = Math.max(1, Norms.largest(claimed));
    for (int i = 0; i < claimed.length; i++) {
      double fine = (4 * at1[i] - at2[i]) / 3;
      double coarse = (4 * at2[i] - at4[i]) / 3;
      double error = Math.abs(fine - coarse) + rounding;
      int at = i;
      assertTrue(error <= 1e-4 * largest, () -> what + ": known only to " + error);
      assertTrue(
          Math.abs(claimed[i] - fine) <= error,
          () ->
              "%s[%d] is said to be %.15g, differences say %.15g, give or take %.3g"
                  .formatted(what, at, claimed[at], fine, error));
    }
  }

  private static double[] difference(DoubleFunction<double[]> f, double h) {
    var above = f.apply(h);
    var below = f.apply(-h);
    return IntStream.range(0, above.length)
        .mapToDouble(i -> (above[i] - below[i]) / (2 * h))
        .toArray();
  }

  @TestFactory
  Stream<DynamicTest> agreeWithTheirDefinitions() {
    return each(
        p -> {
          for (var dtype : DType.values()) if (dtype.isFloating()) requireDefined(run(p, dtype));
        });
  }

  private static void requireDefined(AttentionRun run) {
    var random = new SplittableRandom(3);
    var x = run.draw(random);
    var tx = run.direction(random);
    var dense = new DenseAttention(run.p(), x, tx);
    var expected = dense.tangents();
    var found = run.tangent(x, tx.qkv());
    requireClose(run, "ty", expected.ty(), found[0], run.dtype());
    requireClose(run, "tlse", expected.tlse(), found[1], run.dtype().wide());
    requireClose(run, "tdqkv", dense.pullbackTangents(), run.pullbackTangent(x, tx), run.dtype());
  }

  /// Each term of a sum is a weight times a number; the weight is a product of sums of head size,
  /// or twice that, terms. In bf16 each weight is rounded, to half of a last place of at most a
  /// 128th, and so is what is stored.
  private static void requireClose(
      AttentionRun run, String what, Sums expected, double[] found, DType to) {
    double unit = run.dtype() == DType.F64 ? 0x1p-53 : 0x1p-24;
    int roundings = 2 * run.p().size() + run.p().context() + 16;
    for (int i = 0; i < found.length; i++) {
      double error = roundings * unit * expected.wide()[i];
      if (run.dtype() == DType.BF16) error += 0x1p-8 * expected.narrow()[i];
      if (to == DType.BF16) error += 0x1p-8 * (Math.abs(expected.value()[i]) + error);
      int at = i;
      double within = error;
      assertTrue(
          Math.abs(found[i] - expected.value()[i]) <= within,
          () ->
              "%s: %s[%d] is %.9g, its definition says %.9g within %.3g"
                  .formatted(run, what, at, found[at], expected.value()[at], within));
    }
  }

  /// A matrix of 1024 x 1024 scores would take 2 MiB in bf16.
  @Test
  void needNoMemoryThatGrowsWithTheContextSquared() {
    var p = new Problem(1, 1024, 1, 8, 0.3, true, new int[0]);
    requireDefined(new AttentionRun(device, p, DType.BF16, 1 << 19));
  }

  /// To the bit. Emulated, a kernel is slow, and the same source in fp64 as in fp32.
  @TestFactory
  Stream<DynamicTest> aMissingTangentIsZero() {
    return each(
        p -> {
          for (var dtype : DType.values()) {
            if (!dtype.isFloating() || Devices.isEmulated() && dtype == DType.F64) continue;
            var run = run(p, dtype);
            var random = new SplittableRandom(4);
            var x = run.draw(random);
            var tx = run.direction(random);
            var zeros =
                new Arrays(
                    new double[tx.qkv().length],
                    new double[tx.y().length],
                    new double[tx.lse().length],
                    new double[tx.dy().length]);
            for (int given : new int[] {0b0000, 0b1110, 0b1101, 0b1011, 0b0111}) {
              assertArrayEquals(
                  run.pullbackTangent(x, some(given, tx, zeros)),
                  run.pullbackTangent(x, some(given, tx, new Arrays(null, null, null, null))));
            }
            for (var output : run.tangent(x, null)) {
              for (double each : output) assertTrue(each == 0);
            }
          }
        });
  }

  private static Arrays some(int given, Arrays these, Arrays others) {
    return new Arrays(
        ((given & 1) != 0 ? these : others).qkv(),
        ((given & 2) != 0 ? these : others).y(),
        ((given & 4) != 0 ? these : others).lse(),
        ((given & 8) != 0 ? these : others).dy());
  }
}
