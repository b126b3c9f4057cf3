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
import dev.gatun.tensor.DType;
import java.util.Arrays;
import java.util.HashMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/// LiGO's operator: what it makes of a network by given maps, beside the formulas and the other
/// methods that are special cases of it.
class LigoTest {
  private static final GptConfig SMALL = GptConfig.of(3, 2, 8, 6, 11);

  /// Of sums of fewer than 2^10 terms in fp64, against the largest of them.
  private static final double ROUNDING = 0x1p-42;

  @AutoClose private final Device device = Device.cpu(1);
  private final Scope memory = device.scope();

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
                                    new LigoShape(SMALL, SMALL.withFeedForward(37), form, heads)),
                                Arguments.of(
                                    new LigoShape(
                                        SMALL,
                                        SMALL.withSize(4, 3, 12).withFeedForward(32),
                                        form,
                                        heads)),
                                Arguments.of(
                                    new LigoShape(
                                        SMALL.withoutBias().withScaleByLayer(),
                                        wider.withoutBias().withScaleByLayer(),
                                        form,
                                        heads)),
                                Arguments.of(
                                    new LigoShape(
                                        SMALL.withScaleByLayer().withUntiedHead(),
                                        SMALL
                                            .withScaleByLayer()
                                            .withUntiedHead()
                                            .withSize(3, 4, 16),
                                        form,
                                        heads)))));
  }

  @ParameterizedTest
  @MethodSource("operators")
  void theWeightsFollowTheFormulas(LigoShape shape) {
    var source = RandomGpt.of(shape.source(), memory, DType.F64);
    var operator = LigoOperator.create(source, shape, new RandomMaps(7, true), memory);
    var grown = Gpt.blank(shape.target(), memory, DType.F64);
    operator.copyTo(grown);
    var expected = PlainLigo.grown(source, shape, operator.maps());
    assertEquals(new TreeSet<>(grown.parameters().names()), new TreeSet<>(expected.keySet()));
    expected.forEach((name, values) -> assertClose(values, weights(grown, name), ROUNDING, name));
    var whole = Gpt.blank(shape.target(), memory, DType.F64);
    try (var _ = device.scope()) {
      operator.copyTo(whole, operator.weights());
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
    var source = RandomGpt.of(small, memory, DType.F64);
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
    var source = RandomGpt.of(SMALL, memory, DType.F64);
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
    var source = RandomGpt.of(SMALL, memory, DType.F32);
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
    var source = RandomGpt.of(small, memory, DType.F32);
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

  @Test
  void itPromisesNothing() {
    var ligo = new Ligo(LigoForm.SHARED, LigoHeads.WHOLE, LigoStart.of(new Stacking()));
    assertFalse(ligo.preservesFunction(SMALL, SMALL.withSize(6, 2, 8)));
  }

  // ---- what stays, and refusals

  @Test
  void theSmallerNetworkStaysAsItIs() {
    var source = RandomGpt.of(SMALL, memory, DType.F64);
    var before = new HashMap<String, double[]>();
    for (var name : source.parameters().names()) before.put(name, weights(source, name));
    var start = new RandomMaps(1, true);
    new Ligo(LigoForm.PAPER, LigoHeads.DENSE, start).grow(source, SMALL.withSize(4, 3, 12), memory);
    before.forEach((name, values) -> assertArrayEquals(values, weights(source, name), name));
  }

  @Test
  void whatLigoCannotDoIsRefused() {
    var source = RandomGpt.of(SMALL, memory, DType.F32);
    var stack = LigoStart.of(new Stacking());
    long used = memory.usedBytes();
    for (var form : LigoForm.values()) {
      var ligo = new Ligo(form, LigoHeads.WHOLE, stack);
      assertRefused("2 layers are fewer", () -> ligo.grow(source, SMALL.withSize(2, 2, 8), memory));
      assertRefused("stack adds layers", () -> ligo.grow(source, SMALL.withSize(4, 3, 12), memory));
    }
    assertEquals(used, memory.usedBytes());
    assertRefused("RandomRest[seed=1] does neither", () -> LigoStart.of(new RandomRest(1)));
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
    var other = RandomGpt.of(SMALL.withoutBias(), memory, DType.F32);
    assertRefused("do not fit", () -> LigoOperator.create(other, shape, stack, memory));
    var operator = LigoOperator.create(source, shape, stack, memory);
    assertRefused("do not fit", () -> operator.copyTo(source));
    assertRefused("do not fit", () -> operator.copyTo(source, operator.weights()));
    var wide = Gpt.blank(shape.target(), memory, DType.F64);
    assertRefused("maps in F32 do not fit a network in F64", () -> operator.copyTo(wide));
  }

  private static void assertRefused(String sentence, Executable what) {
    var refusal = assertThrows(InvalidArgument.class, what);
    assertTrue(refusal.getMessage().contains(sentence), refusal.getMessage());
  }

  @Test
  void onlyTheGrownNetworkIsKept() {
    var source = RandomGpt.of(SMALL, memory, DType.F32);
    var start = LigoStart.of(new Bert2Bert(1));
    long used = memory.usedBytes();
    var target = SMALL.withSize(4, 3, 12);
    new Ligo(LigoForm.SHARED, LigoHeads.WHOLE, start).grow(source, target, memory);
    long grown = memory.usedBytes() - used;
    Gpt.blank(target, memory, DType.F32);
    assertEquals(memory.usedBytes() - used - grown, grown);
  }
}
