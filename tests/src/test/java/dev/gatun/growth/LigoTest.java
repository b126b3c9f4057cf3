package dev.gatun.growth;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.InvalidArgument;
import dev.gatun.memory.Device;
import dev.gatun.memory.Scope;
import dev.gatun.nn.Gpt;
import dev.gatun.nn.GptConfig;
import dev.gatun.optim.LargerWeights;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/// LiGO's operator: what it makes of a network by given maps, beside the formulas, the other
/// methods that are special cases of it, and the network's own function.
class LigoTest {
  private static final int VOCABULARY = 11;
  private static final GptConfig SMALL = GptConfig.of(3, 2, 8, 6, VOCABULARY);

  /// Of sums of fewer than 2^10 terms in fp64, against the largest of them.
  private static final double ROUNDING = 0x1p-42;

  private final Device device = Device.cpu(1);
  private final Scope memory = device.scope();

  @AfterEach
  void close() {
    device.close();
  }

  private Gpt source(GptConfig config, DType dtype) {
    var gpt = Gpt.create(config, memory, DType.F64, 3);
    LargerWeights.addTo(gpt.parameters(), new SplittableRandom(5));
    if (dtype == DType.F64) return gpt;
    var rounded = Gpt.blank(config, memory, dtype);
    for (var name : gpt.parameters().names()) {
      var exact = gpt.parameters().get(name).toDoubles();
      var floats = new float[exact.length];
      for (int i = 0; i < floats.length; i++) floats[i] = (float) exact[i];
      rounded.parameters().get(name).copyFrom(MemorySegment.ofArray(floats));
    }
    return rounded;
  }

  private static double[] weights(Gpt gpt, String name) {
    return gpt.parameters().get(name).toDoubles();
  }

  private static void assertClose(double[] expected, double[] found, double share, String what) {
    double largest = Arrays.stream(expected).map(Math::abs).max().orElseThrow();
    assertArrayEquals(expected, found, share * Math.max(largest, Double.MIN_NORMAL), what);
  }

  // ---- the formulas

  static Stream<Arguments> operators() {
    var wider = SMALL.withSize(5, 3, 12);
    return Stream.of(LigoForm.values())
        .flatMap(
            form ->
                Stream.of(LigoHeads.values())
                    .flatMap(
                        heads ->
                            Stream.of(
                                Arguments.of(new LigoShape(SMALL, wider, form, heads)),
                                Arguments.of(
                                    new LigoShape(SMALL, SMALL.withSize(4, 2, 8), form, heads)),
                                Arguments.of(
                                    new LigoShape(
                                        SMALL.withoutBias().withScaleByLayer(),
                                        wider.withoutBias().withScaleByLayer(),
                                        form,
                                        heads)),
                                Arguments.of(
                                    new LigoShape(
                                        SMALL.withScaleByLayer(),
                                        SMALL.withScaleByLayer().withSize(3, 4, 16),
                                        form,
                                        heads)))));
  }

  @ParameterizedTest
  @MethodSource("operators")
  void theWeightsFollowTheFormulas(LigoShape shape) {
    var source = source(shape.source(), DType.F64);
    var operator = LigoOperator.create(source, shape, new RandomMaps(7, true), memory);
    var grown = Gpt.blank(shape.target(), memory, DType.F64);
    operator.copyTo(grown);
    var expected = PlainLigo.grown(source, shape, operator.maps());
    assertEquals(new TreeSet<>(grown.parameters().names()), new TreeSet<>(expected.keySet()));
    expected.forEach((name, values) -> assertClose(values, weights(grown, name), ROUNDING, name));
    var whole = Gpt.blank(shape.target(), memory, DType.F64);
    try (var _ = device.scope()) {
      LigoOperator.copyTo(whole, operator.weights());
    }
    for (var name : grown.parameters().names()) {
      assertArrayEquals(weights(grown, name), weights(whole, name), name);
    }
  }

  /// vec(B W Aᵀ) = (A ⊗ B) vec(W), columns stacked.
  @Test
  void wideningIsAKroneckerProduct() {
    var small = GptConfig.of(1, 1, 2, 3, 5);
    var shape = new LigoShape(small, small.withSize(1, 2, 4), LigoForm.SHARED, LigoHeads.DENSE);
    var source = source(small, DType.F64);
    var operator = LigoOperator.create(source, shape, new RandomMaps(3, true), memory);
    var grown = Gpt.blank(shape.target(), memory, DType.F64);
    operator.copyTo(grown);
    var a = PlainLigo.cut(operator.maps().get("residual").toDoubles(), 2);
    var b = PlainLigo.cut(operator.maps().get("hidden").toDoubles(), 8);
    double depth = operator.maps().get("depth.mlp.c_fc").item();
    // A weight is stored (in, out) row by row: that is vec of (out, in).
    var vec = PlainLigo.cut(weights(source, "h.0.mlp.c_fc.weight"), 1);
    var expected = PlainLigo.flat(PlainLigo.times(kronecker(a, b), vec));
    for (int i = 0; i < expected.length; i++) expected[i] *= depth;
    assertClose(expected, weights(grown, "h.0.mlp.c_fc.weight"), ROUNDING, "c_fc");
  }

  private static double[][] kronecker(double[][] a, double[][] b) {
    var product = new double[a.length * b.length][a[0].length * b[0].length];
    for (int i = 0; i < product.length; i++) {
      for (int j = 0; j < product[0].length; j++) {
        product[i][j] = a[i / b.length][j / b[0].length] * b[i % b.length][j % b[0].length];
      }
    }
    return product;
  }

  /// Maps that are the same in all layers leave one operator, whichever comes first.
  @ParameterizedTest
  @EnumSource(LigoHeads.class)
  void widthAndDepthCommuteWhereLayersShareTheirMaps(LigoHeads heads) {
    var source = source(SMALL, DType.F64);
    var target = SMALL.withSize(5, 3, 12);
    var start = new RandomMaps(11, false);
    var depthFirst = new Ligo(LigoForm.SHARED, heads, start).grow(source, target, memory);
    var widthFirst = new Ligo(LigoForm.PAPER, heads, start).grow(source, target, memory);
    for (var name : depthFirst.parameters().names()) {
      assertClose(weights(depthFirst, name), weights(widthFirst, name), ROUNDING, name);
    }
  }

  // ---- special settings

  static Stream<Arguments> depths() {
    return Stream.of(new Stacking(), new Interpolation(), new ZeroBlocks())
        .flatMap(
            growth ->
                Stream.of(LigoForm.values())
                    .flatMap(
                        form ->
                            Stream.of(LigoHeads.values())
                                .map(heads -> Arguments.of(growth, form, heads))));
  }

  /// Bit for bit, but for the sign of what is zero.
  @ParameterizedTest
  @MethodSource("depths")
  void copiesOfLayersAreASpecialSetting(Growth growth, LigoForm form, LigoHeads heads) {
    var target = SMALL.withSize(7, 2, 8);
    var source = source(SMALL, DType.F32);
    var expected = growth.grow(source, target, memory);
    var found = new Ligo(form, heads, LigoStart.of(growth)).grow(source, target, memory);
    for (var name : expected.parameters().names()) {
      var wanted = expected.parameters().get(name).toFloats();
      var values = found.parameters().get(name).toFloats();
      for (int i = 0; i < wanted.length; i++) {
        assertTrue(wanted[i] == values[i], name + " at " + i);
      }
    }
  }

  /// Queries that move are scaled in one rounding here and in two there.
  @Test
  void soTheyAreWhereAttentionIsScaledByLayer() {
    var small = SMALL.withScaleByLayer();
    var source = source(small, DType.F32);
    var expected = new Stacking().grow(source, small.withSize(7, 2, 8), memory);
    var start = LigoStart.of(new Stacking());
    var found =
        new Ligo(LigoForm.SHARED, LigoHeads.WHOLE, start)
            .grow(source, small.withSize(7, 2, 8), memory);
    for (var name : expected.parameters().names()) {
      double allowed = name.contains("c_attn") ? 0x1p-22 : 0;
      assertClose(weights(expected, name), weights(found, name), allowed + 1e-300, name);
    }
  }

  // ---- the function

  /// Wide copies, but for the MLP's channels: those are what they were, and zeros behind them.
  private record WithoutHiddenCopies(LigoStart copies) implements LigoStart {
    @Override
    public double[] width(LigoShape shape, LigoMap map, int which) {
      if (map != LigoMap.HIDDEN) return copies.width(shape, map, which);
      int small = Math.toIntExact(shape.small(map));
      var elements = new double[Math.toIntExact(shape.shape(map).count())];
      for (int i = 0; i < small; i++) elements[i * small + i] = 1;
      return elements;
    }

    @Override
    public double[] depth(LigoShape shape, String name) {
      return copies.depth(shape, name);
    }
  }

  private double change(GptConfig small, GptConfig target, LigoStart start) {
    var source = source(small, DType.F64);
    var grown = new Ligo(LigoForm.SHARED, LigoHeads.WHOLE, start).grow(source, target, memory);
    var before = logits(source);
    var after = logits(grown);
    double largest = Arrays.stream(before).map(Math::abs).max().orElseThrow();
    double change = 0;
    for (int i = 0; i < before.length; i++) {
      change = Math.max(change, Math.abs(after[i] - before[i]));
    }
    return change / largest;
  }

  private double[] logits(Gpt gpt) {
    try (var scope = device.scope()) {
      var tokens = Tensor.of(scope, Shape.of(2, 6), 1, 5, 10, 0, 3, 3, 7, 2, 9, 4, 8, 6);
      return gpt.logits(tokens).slice(2, 0, VOCABULARY).toDoubles();
    }
  }

  private static GptConfig withEps(GptConfig config, double eps) {
    return new GptConfig(
        config.layers(),
        config.heads(),
        config.width(),
        config.feedForward(),
        config.context(),
        config.vocabulary(),
        config.bias(),
        config.scaledByLayer(),
        eps);
  }

  /// Exact: n copies of every channel of the stream, each 1/√n of it, pass through norms of no eps
  /// as one; so do whole heads, however unevenly they are copied.
  @Test
  void evenCopiesPreserveTheFunctionThroughANormWithoutEps() {
    var small = withEps(SMALL, 0);
    var start = new WithoutHiddenCopies(LigoStart.of(new HyperCloning()));
    for (int times : new int[] {2, 3}) {
      double change = change(small, small.withSize(3, 2 * times, 8 * times), start);
      assertTrue(change < 1e-12, () -> "%.3g".formatted(change));
    }
    var uneven =
        new Copies(
            CopyMap.tiled(8, 16),
            new CopyMap(2, List.of(0, 1, 1, 1)),
            CopyMap.tiled(32, 64),
            CopyMap.same(3));
    var unevenHeads = new WithoutHiddenCopies(new LigoFromCopies((_, _) -> uneven, false));
    double change = change(small, small.withSize(3, 4, 16), unevenHeads);
    assertTrue(change < 1e-12, () -> "%.3g".formatted(change));
  }

  /// A norm adds its eps to a variance that is n times smaller. No map can mend that.
  @Test
  void anEpsChangesTheFunctionALittle() {
    var start = new WithoutHiddenCopies(LigoStart.of(new HyperCloning()));
    double change = change(SMALL, SMALL.withSize(3, 4, 16), start);
    assertTrue(change > 1e-8 && change < 1e-3, () -> "%.3g".formatted(change));
  }

  /// GELU stands between the two uses of the map of the MLP's channels, and GELU(h/√n)·√n is not
  /// GELU(h).
  @Test
  void copiesOfHiddenChannelsChangeTheFunctionForWantOfAMapOfTheirOwn() {
    var small = withEps(SMALL, 0);
    var start = LigoStart.of(new HyperCloning());
    double change = change(small, small.withSize(3, 4, 16), start);
    assertTrue(change > 1e-3, () -> "%.3g".formatted(change));
  }

  /// Twelve channels of eight: a norm takes a mean in which four count twice.
  @Test
  void unevenCopiesOfTheStreamChangeTheFunction() {
    var small = withEps(SMALL, 0);
    var start = new WithoutHiddenCopies(LigoStart.of(new Bert2Bert(1)));
    double change = change(small, small.withSize(3, 3, 12), start);
    assertTrue(change > 1e-3, () -> "%.3g".formatted(change));
  }

  @Test
  void itPromisesNothing() {
    var ligo = new Ligo(LigoForm.SHARED, LigoHeads.WHOLE, LigoStart.of(new Stacking()));
    assertFalse(ligo.preservesFunction(SMALL, SMALL.withSize(6, 2, 8)));
  }

  // ---- starts

  /// What is written through a map and read through it is what it was.
  @Test
  void mapsOfCopiesHaveColumnsOfLengthOne() {
    var target = SMALL.withSize(3, 5, 20);
    for (var heads : LigoHeads.values()) {
      var shape = new LigoShape(SMALL, target, LigoForm.SHARED, heads);
      var start = LigoStart.of(new Bert2Bert(2));
      for (var map : List.of(LigoMap.RESIDUAL, LigoMap.VALUES, LigoMap.HIDDEN)) {
        int cols = Math.toIntExact(shape.small(map));
        var b = PlainLigo.cut(start.width(shape, map, 0), cols);
        var product = PlainLigo.flat(PlainLigo.times(PlainLigo.transposed(b), b));
        for (int i = 0; i < product.length; i++) {
          assertEquals(i % (cols + 1) == 0 ? 1 : 0, product[i], ROUNDING, map + " " + heads);
        }
      }
      var queries = start.width(shape, LigoMap.QUERIES, 0);
      assertTrue(Arrays.stream(queries).allMatch(x -> x == 0 || x == 1));
    }
  }

  @Test
  void noiseHasTheLengthItIsGivenAndItsSeedDecidesIt() {
    var shape = new LigoShape(SMALL, SMALL.withSize(4, 8, 32), LigoForm.SHARED, LigoHeads.DENSE);
    var plain = LigoStart.of(new Bert2Bert(2));
    var exact = plain.width(shape, LigoMap.HIDDEN, 0);
    var noisy = plain.withNoise(0.1, 5).width(shape, LigoMap.HIDDEN, 0);
    double sum = 0;
    for (int i = 0; i < exact.length; i++) sum += Math.pow(noisy[i] - exact[i], 2);
    double length = Math.sqrt(sum / shape.large(LigoMap.HIDDEN));
    assertEquals(0.1, length, 0.01, "4096 numbers have their deviation to 4 parts of 100 at most");
    assertArrayEquals(noisy, plain.withNoise(0.1, 5).width(shape, LigoMap.HIDDEN, 0));
    var others =
        List.of(
            plain.withNoise(0.1, 6).width(shape, LigoMap.HIDDEN, 0),
            plain.withNoise(0.1, 5).width(shape, LigoMap.HIDDEN, 1));
    for (var other : others) assertFalse(Arrays.equals(noisy, other));
    assertArrayEquals(exact, plain.withNoise(0, 5).width(shape, LigoMap.HIDDEN, 0));
  }

  /// As the code that came with the paper begins.
  @Test
  void theReleasedStartIsOfAverages() {
    var shape = new LigoShape(SMALL, SMALL.withSize(7, 5, 20), LigoForm.RELEASED, LigoHeads.DENSE);
    var start = LigoStart.random(3);
    var rows = PlainLigo.cut(start.width(shape, LigoMap.HIDDEN, 2), 32);
    for (int row = 0; row < rows.length; row++) {
      assertEquals(1, Arrays.stream(rows[row]).sum(), ROUNDING);
      assertTrue(Arrays.stream(rows[row]).allMatch(x -> x >= 0));
      if (row < 32) assertEquals(1, rows[row][row]);
      else assertTrue(Arrays.stream(rows[row]).max().orElseThrow() < 0.2, "no average");
    }
    var depth = PlainLigo.cut(start.depth(shape, "depth.ln_1.bias"), 3);
    for (int layer = 0; layer < depth.length; layer++) {
      assertEquals(1, Arrays.stream(depth[layer]).sum(), ROUNDING);
      assertTrue(depth[layer][layer % 3] > 1 / 1.06);
    }
  }

  // ---- sizes

  /// BERT-Small to BERT-Base: the numbers that the released code learns, but for its head's
  /// 131,072; and those of maps that layers share, whole matrices.
  @Test
  void theCountsAreThePublishedOnes() {
    var small = GptConfig.of(6, 8, 512, 512, 30522);
    var base = GptConfig.of(12, 12, 768, 512, 30522);
    var released = new LigoShape(small, base, LigoForm.RELEASED, LigoHeads.DENSE);
    assertEquals(131_072, released.learned(LigoMap.RESIDUAL) * released.small(LigoMap.RESIDUAL));
    long ofALayer = 0;
    for (var map : List.of(LigoMap.QUERIES, LigoMap.KEYS, LigoMap.VALUES, LigoMap.HIDDEN)) {
      assertEquals(12, released.maps(map));
      ofALayer += released.learned(map) * released.small(map);
    }
    assertEquals(2_490_368, ofALayer);
    assertEquals(30_147_712 - 131_072, released.parameterCount());
    assertEquals(1_152, released.parameterCount() - 131_072 - 12 * 2_490_368);
    var shared = new LigoShape(small, base, LigoForm.SHARED, LigoHeads.DENSE);
    assertEquals(7_864_320 + 8 * 72, shared.parameterCount());
    var whole = new LigoShape(small, base, LigoForm.SHARED, LigoHeads.WHOLE);
    assertEquals(768 * 512 + 3 * 12 * 8 + 3072 * 2048 + 8 * 72, whole.parameterCount());
    var paper = new LigoShape(small, base, LigoForm.PAPER, LigoHeads.WHOLE);
    assertEquals(768 * 512 + 6 * (3 * 12 * 8 + 3072 * 2048) + 8 * 72, paper.parameterCount());
  }

  @ParameterizedTest
  @MethodSource("operators")
  void theMapsHaveAsManyNumbersAsIsSaid(LigoShape shape) {
    var maps = shape.declarations().allocate(memory, DType.F32);
    long count = 0;
    for (var name : maps.names()) count += maps.get(name).shape().count();
    assertEquals(shape.parameterCount(), count);
  }

  // ---- what stays, and refusals

  @Test
  void theSmallerNetworkStaysAsItIs() {
    var source = source(SMALL, DType.F64);
    var before = new HashMap<String, double[]>();
    for (var name : source.parameters().names()) before.put(name, weights(source, name));
    var start = new RandomMaps(1, true);
    new Ligo(LigoForm.PAPER, LigoHeads.DENSE, start).grow(source, SMALL.withSize(4, 3, 12), memory);
    before.forEach((name, values) -> assertArrayEquals(values, weights(source, name), name));
  }

  @Test
  void whatLigoCannotDoIsRefused() {
    var source = source(SMALL, DType.F32);
    var stack = LigoStart.of(new Stacking());
    long used = memory.usedBytes();
    for (var form : LigoForm.values()) {
      var ligo = new Ligo(form, LigoHeads.WHOLE, stack);
      assertRefused("2 layers are fewer", () -> ligo.grow(source, SMALL.withSize(2, 2, 8), memory));
      assertRefused("stack adds layers", () -> ligo.grow(source, SMALL.withSize(4, 3, 12), memory));
    }
    assertEquals(used, memory.usedBytes());
    assertRefused("RandomRest is not", () -> LigoStart.of(new RandomRest(1)));
    assertRefused("noise -1.0", () -> stack.withNoise(-1, 0));
    assertRefused("noise NaN", () -> stack.withNoise(Double.NaN, 0));
    var copies =
        new Copies(
            CopyMap.stretched(8, 16), CopyMap.tiled(2, 4), CopyMap.tiled(32, 64), CopyMap.same(3));
    var released =
        new Ligo(LigoForm.RELEASED, LigoHeads.WHOLE, new LigoFromCopies((_, _) -> copies, false));
    assertRefused(
        "keeps the first 8 of residual",
        () -> released.grow(source, SMALL.withSize(3, 4, 16), memory));
    var shape = new LigoShape(SMALL, SMALL.withSize(4, 2, 8), LigoForm.SHARED, LigoHeads.WHOLE);
    var other = source(SMALL.withoutBias(), DType.F32);
    assertRefused("do not fit", () -> LigoOperator.create(other, shape, stack, memory));
    var operator = LigoOperator.create(source, shape, stack, memory);
    assertRefused("do not fit", () -> operator.copyTo(source));
  }

  private static void assertRefused(String sentence, Executable what) {
    var refusal = assertThrows(InvalidArgument.class, what);
    assertTrue(refusal.getMessage().contains(sentence), refusal.getMessage());
  }

  @Test
  void onlyTheGrownNetworkIsKept() {
    var source = source(SMALL, DType.F32);
    var start = LigoStart.of(new Bert2Bert(1));
    long used = memory.usedBytes();
    var target = SMALL.withSize(4, 3, 12);
    new Ligo(LigoForm.SHARED, LigoHeads.WHOLE, start).grow(source, target, memory);
    long grown = memory.usedBytes() - used;
    Gpt.blank(target, memory, DType.F32);
    assertEquals(memory.usedBytes() - used - grown, grown);
  }
}
