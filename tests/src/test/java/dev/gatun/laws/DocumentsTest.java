package dev.gatun.laws;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.InvalidArgument;
import dev.gatun.grad.Tape;
import dev.gatun.memory.Device;
import dev.gatun.op.Spec;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Documents packed into sequences attend as if each were alone, forward and backward.
@Tag("laws")
@Tag("backend")
class DocumentsTest {
  private static final int HEADS = 2;
  private static final int SIZE = 5;
  private static final int WIDTH = HEADS * SIZE;
  private static final double SCALE = 0.4;

  private static Device device;

  @BeforeAll
  static void open() {
    device = Devices.underTest();
  }

  @AfterAll
  static void close() {
    device.close();
  }

  private record Results(double[] y, double[] gradient) {}

  private static double[] draw(int count, int seed) {
    return new SplittableRandom(seed).doubles(count, -2, 2).map(x -> (float) x).toArray();
  }

  private static Results attend(
      DType dtype, boolean causal, int batch, double[] qkv, double[] dy, int... bounds) {
    long context = qkv.length / (3 * WIDTH) / batch;
    try (var tape = Tape.open(device)) {
      var packed = Shape.of(batch, context, 3 * WIDTH);
      var x = tape.watch(Host.upload(tape, new Spec(packed, dtype), qkv));
      var y =
          bounds.length == 0
              ? x.attention(HEADS, SCALE, causal)
              : x.attention(HEADS, SCALE, causal, Tensor.of(tape, Shape.of(bounds.length), bounds));
      var weights = Host.upload(tape, new Spec(y.shape(), dtype), dy);
      var gradient = tape.backward(y.times(weights).sum()).of(x);
      return new Results(Host.download(y), Host.download(gradient));
    }
  }

  private static double[] rows(double[] all, int from, int to, int width) {
    return Arrays.copyOfRange(all, from * width, to * width);
  }

  /// Each document, cut where a sequence ends, with its own call.
  private static Results alone(
      DType dtype, boolean causal, int context, double[] qkv, double[] dy, int... bounds) {
    var y = new double[dy.length];
    var gradient = new double[qkv.length];
    int positions = dy.length / WIDTH;
    var cuts =
        IntStream.concat(
                Arrays.stream(bounds),
                IntStream.rangeClosed(0, positions / context).map(s -> s * context))
            .sorted()
            .distinct()
            .toArray();
    for (int i = 0; i + 1 < cuts.length; i++) {
      var part =
          attend(
              dtype,
              causal,
              1,
              rows(qkv, cuts[i], cuts[i + 1], 3 * WIDTH),
              rows(dy, cuts[i], cuts[i + 1], WIDTH));
      System.arraycopy(part.y, 0, y, cuts[i] * WIDTH, part.y.length);
      System.arraycopy(part.gradient, 0, gradient, cuts[i] * 3 * WIDTH, part.gradient.length);
    }
    return new Results(y, gradient);
  }

  /// At tile edges and inside tiles, of length 1 and 0, over the ends of sequences.
  @ParameterizedTest
  @ValueSource(
      strings = {
        "1 1: 0 1",
        "1 9: 0 1 2 3 9",
        "2 7: 0 3 3 9 13 14",
        "1 200: 0 64 128 192 200",
        "1 200: 0 63 65 127 200",
        "3 100: 0 300",
        "2 131: 0 1 130 131 132 200 262",
        "4 65: 0 66 66 129 131 194 259 260"
      })
  void eachAttendsAsIfAlone(String row) {
    var sides = row.split(":");
    var sizes = numbers(sides[0]);
    var bounds = numbers(sides[1]);
    int positions = sizes[0] * sizes[1];
    var qkv = draw(positions * 3 * WIDTH, 1);
    var dy = draw(positions * WIDTH, 2);
    for (var dtype : new DType[] {DType.F32, DType.F64}) {
      for (boolean causal : new boolean[] {false, true}) {
        var expected = alone(dtype, causal, sizes[1], qkv, dy, bounds);
        var found = attend(dtype, causal, sizes[0], qkv, dy, bounds);
        double unit = dtype == DType.F64 ? Math.ulp(1.0) : Math.ulp(1f);
        requireClose(row, expected.y, found.y, sizes[1] * unit);
        requireClose(row, expected.gradient, found.gradient, sizes[1] * unit);
      }
    }
  }

  private static int[] numbers(String words) {
    return Arrays.stream(words.strip().split(" ")).mapToInt(Integer::parseInt).toArray();
  }

  private static void requireClose(String row, double[] expected, double[] found, double rounding) {
    double largest = Math.max(1, Norms.largest(expected));
    int at = Norms.firstBeyond(expected, found, 4 * rounding * largest);
    assertTrue(
        at < 0, () -> "%s: element %d is %s, alone %s".formatted(row, at, found[at], expected[at]));
  }

  /// Whatever the other documents hold, even where one tile holds both.
  @Test
  void anotherDocumentChangesNoBit() {
    int positions = 150;
    var bounds = new int[] {0, 40, 70, 150};
    var qkv = draw(positions * 3 * WIDTH, 3);
    var dy = draw(positions * WIDTH, 4);
    var other = draw(positions * 3 * WIDTH, 5);
    System.arraycopy(qkv, 40 * 3 * WIDTH, other, 40 * 3 * WIDTH, 30 * 3 * WIDTH);
    for (boolean causal : new boolean[] {false, true}) {
      var one = attend(DType.F32, causal, 1, qkv, dy, bounds);
      var two = attend(DType.F32, causal, 1, other, dy, bounds);
      assertArrayEquals(rows(one.y, 40, 70, WIDTH), rows(two.y, 40, 70, WIDTH));
      assertArrayEquals(
          rows(one.gradient, 40, 70, 3 * WIDTH), rows(two.gradient, 40, 70, 3 * WIDTH));
    }
  }

  /// One document a sequence is what there is without bounds, to the bit.
  @Test
  void boundsAtTheEndsOfSequencesChangeNoBit() {
    var qkv = draw(3 * 70 * 3 * WIDTH, 6);
    var dy = draw(3 * 70 * WIDTH, 7);
    for (boolean causal : new boolean[] {false, true}) {
      var plain = attend(DType.F32, causal, 3, qkv, dy);
      for (var bounds : new int[][] {{0, 210}, {0, 70, 140, 210}, {0, 70, 70, 210}}) {
        var found = attend(DType.F32, causal, 3, qkv, dy, bounds);
        assertArrayEquals(plain.y, found.y);
        assertArrayEquals(plain.gradient, found.gradient);
      }
    }
  }

  /// A query whose first visible key lies behind hidden ones with far larger scores.
  @Test
  void hiddenKeysWithHugeScoresLeaveNoTrace() {
    int positions = 70;
    var qkv = draw(positions * 3 * WIDTH, 8);
    for (int p = 0; p < 66; p++) {
      for (int c = 0; c < 2 * WIDTH; c++) qkv[p * 3 * WIDTH + c] *= 100;
    }
    var dy = draw(positions * WIDTH, 9);
    for (boolean causal : new boolean[] {false, true}) {
      var expected = alone(DType.F32, causal, positions, qkv, dy, 0, 66, 70);
      var found = attend(DType.F32, causal, 1, qkv, dy, 0, 66, 70);
      requireClose(
          "after huge scores",
          rows(expected.y, 66, 70, WIDTH),
          rows(found.y, 66, 70, WIDTH),
          70 * Math.ulp(1f));
      for (double x : found.gradient) assertTrue(Double.isFinite(x));
    }
  }

  @Test
  void boundsOutsideTheSequencesAreRefusedByName() {
    try (var scope = device.scope()) {
      var qkv = Tensor.zeros(scope, DType.F32, Shape.of(1, 4, 3 * WIDTH));
      for (var bounds : new int[][] {{0, 5}, {-1, 4}}) {
        var y = Tensor.of(scope, Shape.of(2), bounds);
        var why =
            assertThrows(InvalidArgument.class, () -> qkv.attention(HEADS, 1, true, y).toFloats())
                .getMessage();
        assertTrue(why.contains("bounds["), why);
      }
      var whole = Tensor.of(scope, Shape.of(2), 0, 4);
      assertEquals(4 * WIDTH, qkv.attention(HEADS, 1, true, whole).toFloats().length);
    }
  }
}
