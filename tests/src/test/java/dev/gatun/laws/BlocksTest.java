package dev.gatun.laws;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.grad.Tape;
import dev.gatun.memory.Device;
import dev.gatun.memory.Scope;
import dev.gatun.nn.Gpt;
import dev.gatun.nn.GptConfig;
import dev.gatun.op.Attention;
import dev.gatun.op.LayerNorm;
import dev.gatun.op.Linear;
import dev.gatun.op.Spec;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A block in one call is what its parts make of the same numbers in turn: the same bits on
/// the CPU, and but for rounding where a device sums and rounds in fewer steps.
@Tag("laws")
@Tag("backend")
class BlocksTest {
  private static final double EPS = 1e-5;
  private static final double SCALE = 0.3;

  private static Device device;

  @BeforeAll
  static void open() {
    device = Devices.underTest();
  }

  @AfterAll
  static void close() {
    device.close();
  }

  private static Spec floats(long... sizes) {
    return new Spec(Shape.of(sizes), DType.F32);
  }

  /// An odd third of what is drawn: sums of numbers with few digits are exact in any order.
  private static double[] draw(Spec spec, int seed) {
    int count = Math.toIntExact(spec.shape().count());
    return new SplittableRandom(seed).doubles(count, -1, 1).map(x -> (float) (x / 3)).toArray();
  }

  /// The value and then the gradients of all arguments.
  private static List<double[]> run(List<Spec> arguments, Function<Tensor[], Tensor> block) {
    try (var tape = Tape.open(device)) {
      var x =
          IntStream.range(0, arguments.size())
              .mapToObj(i -> tape.watch(upload(tape, arguments.get(i), i)))
              .toArray(Tensor[]::new);
      var y = block.apply(x);
      var weights = upload(tape, new Spec(y.shape(), y.dtype()), 99);
      var gradients = tape.backward(y.times(weights).sum());
      var all = new ArrayList<double[]>();
      all.add(Host.download(y));
      for (var argument : x) all.add(Host.download(gradients.of(argument)));
      return all;
    }
  }

  private static Tensor upload(Scope scope, Spec spec, int seed) {
    return Host.upload(scope, spec, draw(spec, seed));
  }

  private static void requireSame(List<double[]> expected, List<double[]> found) {
    assertEquals(expected.size(), found.size());
    for (int i = 0; i < expected.size(); i++) {
      double largest = Math.max(1, Norms.largest(expected.get(i)));
      double rounding = Devices.checksOnDevice() ? 64 * Math.ulp(1f) * largest : 0;
      int at = Norms.firstBeyond(expected.get(i), found.get(i), rounding);
      var what = i == 0 ? "value" : "gradient " + (i - 1);
      var one = expected.get(i);
      var other = found.get(i);
      assertTrue(at < 0, () -> "%s differs at %d: %s, %s".formatted(what, at, one[at], other[at]));
    }
  }

  private static Tensor[] after(Tensor[] x, int from) {
    return Arrays.copyOfRange(x, from, x.length);
  }

  private static Tensor norm(Tensor[] x, boolean bias) {
    var op = new LayerNorm(EPS, bias);
    return bias ? op.apply(x[0], x[1], x[4]).getFirst() : op.apply(x[0], x[1]).getFirst();
  }

  private static Tensor linear(
      Tensor x, Tensor[] all, int weight, boolean bias, Linear.Activation activation) {
    var op = new Linear(bias, activation);
    return bias
        ? op.apply(x, all[weight], all[weight + 3]).getFirst()
        : op.apply(x, all[weight]).getFirst();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void anMlpIsItsParts(boolean bias) {
    for (int[] s : new int[][] {{1, 1, 1}, {7, 5, 3}, {33, 40, 129}}) {
      var weights =
          List.of(floats(s[0], s[1]), floats(s[1]), floats(s[1], s[2]), floats(s[2], s[1]));
      var biases = List.of(floats(s[1]), floats(s[2]), floats(s[1]));
      var arguments = new ArrayList<>(weights);
      if (bias) arguments.addAll(biases);
      var expected =
          run(
              arguments,
              x -> {
                var wide = linear(norm(x, bias), x, 2, bias, Linear.Activation.GELU);
                return x[0].plus(linear(wide, x, 3, bias, Linear.Activation.NONE));
              });
      requireSame(expected, run(arguments, x -> x[0].mlpBlock(EPS, after(x, 1))));
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void anAttentionBlockIsItsParts(boolean bias) {
    for (int[] s : new int[][] {{1, 1, 1, 1}, {2, 7, 3, 5}, {2, 70, 2, 20}}) {
      int c = s[2] * s[3];
      var weights = List.of(floats(s[0], s[1], c), floats(c), floats(c, 3 * c), floats(c, c));
      var biases = List.of(floats(c), floats(3 * c), floats(c));
      var arguments = new ArrayList<>(weights);
      if (bias) arguments.addAll(biases);
      for (boolean causal : new boolean[] {false, true}) {
        var attention = new Attention(s[2], SCALE, causal);
        var expected =
            run(
                arguments,
                x -> {
                  var qkv = linear(norm(x, bias), x, 2, bias, Linear.Activation.NONE);
                  var mixed = attention.apply(qkv).getFirst();
                  return x[0].plus(linear(mixed, x, 3, bias, Linear.Activation.NONE));
                });
        requireSame(
            expected,
            run(arguments, x -> x[0].attentionBlock(s[2], SCALE, EPS, causal, after(x, 1))));
      }
    }
  }

  /// Blocks in a row, from the residual stream of a model to its next: a document that stands
  /// alone there is worth what it is worth packed behind another.
  @Test
  void aModelsBlocksKeepDocumentsApart() {
    var config = GptConfig.of(2, 2, 8, 16, 11);
    try (var scope = device.scope()) {
      var gpt = Gpt.create(config, scope, DType.F64, 5);
      var spec = new Spec(Shape.of(1, 16, 8), DType.F64);
      var packed = Host.upload(scope, spec, draw(spec, 7));
      var bounds = Tensor.of(scope, Shape.of(3), 0, 9, 16);
      var together = blocks(gpt, config, packed, bounds);
      var apart = blocks(gpt, config, packed.slice(1, 9, 7), null);
      double[] expected = apart.toDoubles();
      double[] found = together.slice(1, 9, 7).toDoubles();
      assertEquals(-1, Norms.firstBeyond(expected, found, 64 * Math.ulp(1.0)));
      double[] unbounded = blocks(gpt, config, packed, null).slice(1, 9, 7).toDoubles();
      assertTrue(Norms.firstBeyond(unbounded, found, 64 * Math.ulp(1.0)) >= 0);
    }
  }

  private static Tensor blocks(Gpt gpt, GptConfig config, Tensor stream, Tensor bounds) {
    for (int layer = 0; layer < config.layers(); layer++) {
      stream = gpt.mlpBlock(layer, gpt.attentionBlock(layer, stream, bounds));
    }
    return stream;
  }
}
