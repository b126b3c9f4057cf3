package dev.gatun.growth;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.InvalidArgument;
import dev.gatun.grad.Tape;
import dev.gatun.memory.Device;
import dev.gatun.memory.Scope;
import dev.gatun.nn.Gpt;
import dev.gatun.nn.GptConfig;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/// Larger networks beside the small one they are made of: which weights are whose copies, and where
/// the logits are the same.
class GrowthTest {
  private static final int VOCABULARY = 11;
  private static final GptConfig SMALL = GptConfig.of(3, 2, 8, 6, VOCABULARY);

  /// The promise in fp32, relative to the largest logit; in fp64 the same number of roundings.
  private static final double SAME = 1e-5;

  @AutoClose private final Device device = Device.cpu(1);
  private final Scope memory = device.scope();

  private Tensor tokens() {
    return Tensor.of(memory, Shape.of(2, 6), 1, 5, 10, 0, 3, 3, 7, 2, 9, 4, 8, 6);
  }

  private static double[] weights(Gpt gpt, String name) {
    return gpt.parameters().get(name).toDoubles();
  }

  // ---- the function

  static Stream<Arguments> preserving() {
    return Stream.of(SMALL, SMALL.withoutBias(), SMALL.withScaleByLayer(), SMALL.withUntiedHead())
        .flatMap(
            small ->
                Stream.of(
                    Arguments.of(new ZeroBlocks(), small, small.withSize(7, 2, 8)),
                    Arguments.of(new HyperCloning(), small, small.withSize(3, 4, 16)),
                    Arguments.of(new HyperCloning(), small, small.withSize(3, 6, 24)),
                    Arguments.of(
                        new HyperCloning(), small, small.withSize(3, 4, 16).withFeedForward(45)),
                    Arguments.of(
                        new NoisyCopies(new HyperCloning(), 0.3, 5),
                        small,
                        small.withSize(3, 4, 16)),
                    Arguments.of(
                        new NoisyCopies(new Bert2Bert(7), 0.3, 5),
                        small,
                        small.withFeedForward(50)),
                    Arguments.of(new Bert2Bert(1), small, small.withSize(3, 4, 16)),
                    Arguments.of(new Bert2Bert(3), small, small.withFeedForward(50)),
                    Arguments.of(new Bert2Bert(2), small, small.withSize(3, 6, 24))));
  }

  @ParameterizedTest
  @MethodSource("preserving")
  void theFunctionIsPreserved(Growth growth, GptConfig small, GptConfig target) {
    assertTrue(growth.preservesFunction(small, target));
    for (var dtype : List.of(DType.F32, DType.F64)) {
      var source = RandomGpt.of(small, memory, dtype);
      var grown = growth.grow(source, target, memory);
      assertEquals(target, grown.config());
      double change = RandomGpt.change(source, grown);
      double allowed = dtype == DType.F32 ? SAME : SAME * 0x1p-29;
      assertTrue(change <= allowed, () -> "%s: %.3g".formatted(dtype, change));
    }
  }

  static Stream<Arguments> changing() {
    return Stream.of(
        Arguments.of(new Stacking(), SMALL.withSize(5, 2, 8)),
        Arguments.of(new Interpolation(), SMALL.withSize(5, 2, 8)),
        Arguments.of(new Bert2Bert(1), SMALL.withSize(3, 3, 12)),
        Arguments.of(new Bert2Bert(1), SMALL.withSize(4, 4, 16)),
        Arguments.of(new RandomRest(1), SMALL.withSize(3, 4, 16)),
        Arguments.of(new RandomRest(1), SMALL.withSize(4, 2, 8)));
  }

  /// In fp64, where rounding is nine digits below the promise.
  @ParameterizedTest
  @MethodSource("changing")
  void theFunctionIsAnother(Growth growth, GptConfig target) {
    assertFalse(growth.preservesFunction(SMALL, target));
    var source = RandomGpt.of(SMALL, memory, DType.F64);
    double change = RandomGpt.change(source, growth.grow(source, target, memory));
    assertTrue(change > SAME, () -> "only by %.3g".formatted(change));
  }

  /// Only norms take a mean over copies, and they are of the residual stream's channels.
  @Test
  void headsAndHiddenChannelsMayBeCopiedUnevenly() {
    var source = RandomGpt.of(SMALL, memory, DType.F64);
    var hidden = IntStream.range(0, 64).map(i -> i < 32 ? i : (i - 32) / 2).boxed().toList();
    var copies =
        new Copies(
            CopyMap.tiled(8, 16),
            new CopyMap(2, List.of(0, 1, 1, 1)),
            new CopyMap(32, hidden),
            CopyMap.same(3));
    assertTrue(copies.preservesFunction());
    double change = RandomGpt.change(source, copies.of(source, SMALL.withSize(3, 4, 16), memory));
    assertTrue(change <= SAME * 0x1p-29, () -> "%.3g".formatted(change));
  }

  // ---- depth

  static Stream<Arguments> depths() {
    return Stream.of(
        Arguments.of(new Stacking(), List.of(0, 1, 2, 0, 1)),
        Arguments.of(new Interpolation(), List.of(0, 0, 1, 1, 2)),
        Arguments.of(new Bert2Bert(1), List.of(0, 1, 2, 1, 2)));
  }

  /// Bit for bit, and nothing else has changed.
  @ParameterizedTest
  @MethodSource("depths")
  void layersAreCopiesOfLayers(Growth growth, List<Integer> layers) {
    var source = RandomGpt.of(SMALL, memory, DType.F32);
    var grown = growth.grow(source, SMALL.withSize(5, 2, 8), memory);
    for (var name : grown.parameters().names()) {
      var from = name;
      for (int layer = 0; layer < 5; layer++) {
        if (name.startsWith("h." + layer + ".")) {
          from = name.replace("h." + layer + ".", "h." + layers.get(layer) + ".");
        }
      }
      assertArrayEquals(weights(source, from), weights(grown, name), name);
    }
  }

  /// The residual stream passes through them bit for bit, and what is zero in them can move.
  @Test
  void newBlocksAddNothingYetAndLearn() {
    var source = RandomGpt.of(SMALL, memory, DType.F32);
    var grown = new ZeroBlocks().grow(source, SMALL.withSize(5, 2, 8), memory);
    assertEquals(0, RandomGpt.change(source, grown));
    try (var tape = Tape.open(device)) {
      tape.backward(grown.loss(tokens(), tokens()));
      for (var layer : List.of(1, 3)) {
        for (var half : List.of("attn.", "mlp.")) {
          for (var part : List.of("c_proj.weight", "c_proj.bias")) {
            var name = "h." + layer + "." + half + part;
            assertTrue(Arrays.stream(weights(grown, name)).allMatch(x -> x == 0), name);
            assertTrue(Arrays.stream(gradient(grown, name)).anyMatch(x -> x != 0), name);
          }
        }
      }
    }
    var copied = weights(source, "h.1.mlp.c_fc.weight");
    assertArrayEquals(copied, weights(grown, "h.2.mlp.c_fc.weight"));
    assertArrayEquals(copied, weights(grown, "h.3.mlp.c_fc.weight"));
  }

  private static double[] gradient(Gpt gpt, String name) {
    var parameter = gpt.parameters().get(name);
    var gradient = parameter.slot().orElseThrow().gradient();
    return Tensor.over(parameter.scope(), gradient, parameter.dtype(), parameter.shape(), null)
        .toDoubles();
  }

  // ---- width

  static Stream<Arguments> wideners() {
    return Stream.of(
        Arguments.of(new HyperCloning(), SMALL.withSize(3, 4, 16)),
        Arguments.of(new Bert2Bert(4), SMALL.withSize(3, 4, 16)),
        Arguments.of(new Bert2Bert(4), SMALL.withSize(4, 3, 12)));
  }

  /// A head that nothing copies is lost.
  @Test
  void whatHasNoCopyIsMissed() {
    var source = RandomGpt.of(SMALL, memory, DType.F64);
    var target = SMALL.withSize(3, 4, 16);
    for (var heads : List.of(List.of(0, 0, 0, 1), List.of(1, 1, 1, 1))) {
      var copies =
          new Copies(
              CopyMap.tiled(8, 16), new CopyMap(2, heads), CopyMap.tiled(32, 64), CopyMap.same(3));
      double change = RandomGpt.change(source, copies.of(source, target, memory));
      assertEquals(heads.contains(0), copies.preservesFunction());
      assertEquals(heads.contains(0), change < 1e-13, () -> "%.3g".formatted(change));
    }
  }

  /// Over the copies of a unit it adds up to nothing; of two, half of its power stays.
  @Test
  void noiseHasTheDeviationItIsGivenAndTellsCopiesApart() {
    var source = RandomGpt.of(SMALL, memory, DType.F64);
    var target = SMALL.withSize(3, 4, 16);
    var plain = new HyperCloning().grow(source, target, memory);
    var noisy = new NoisyCopies(new HyperCloning(), 0.5, 3).grow(source, target, memory);
    var name = "h.1.mlp.c_fc.weight";
    var weights = weights(plain, name);
    var moved = weights(noisy, name);
    double power = 0;
    double added = 0;
    for (int i = 0; i < weights.length; i++) {
      power += weights[i] * weights[i];
      added += Math.pow(moved[i] - weights[i], 2);
      if (i < weights.length / 2) {
        int copy = i + weights.length / 2;
        assertEquals(weights[i] + weights[copy], moved[i] + moved[copy], 1e-14, "element " + i);
      }
    }
    assertEquals(0.5 * Math.sqrt(0.5), Math.sqrt(added / power), 0.05, "512 numbers of noise");
    for (var same : List.of("wte.weight", "h.1.ln_1.weight", "h.1.mlp.c_fc.bias", "ln_f.weight")) {
      assertArrayEquals(weights(plain, same), weights(noisy, same), same);
    }
    var again = new NoisyCopies(new HyperCloning(), 0.5, 3).grow(source, target, memory);
    assertArrayEquals(moved, weights(again, name));
    var other = new NoisyCopies(new HyperCloning(), 0.5, 4).grow(source, target, memory);
    assertFalse(Arrays.equals(moved, weights(other, name)));
    try (var tape = Tape.open(device)) {
      tape.backward(noisy.loss(tokens(), tokens()));
      var gradient = gradient(noisy, name);
      assertTrue(Math.abs(gradient[0] - gradient[32]) > 1e-3 * Math.abs(gradient[0]));
    }
  }

  /// So nothing but noise or chance tells copies apart: they stay copies as training goes on.
  @ParameterizedTest
  @MethodSource("wideners")
  void copiesHaveTheSameGradient(CopyGrowth growth, GptConfig target) {
    var source = RandomGpt.of(SMALL, memory, DType.F64);
    var copies = growth.copies(SMALL, target);
    var grown = growth.grow(source, target, memory);
    try (var tape = Tape.open(device)) {
      tape.backward(grown.loss(tokens(), tokens()));
      assertColumnsAreCopies(grown, "wte.weight", copies.residual());
      assertColumnsAreCopies(grown, "h.1.ln_2.weight", copies.residual());
      assertColumnsAreCopies(grown, "h.1.mlp.c_fc.weight", copies.hidden());
      assertColumnsAreCopies(grown, "h.2.mlp.c_proj.weight", copies.residual());
      assertColumnsAreCopies(grown, "ln_f.bias", copies.residual());
    }
  }

  /// But for rounding: fewer than 2^12 terms went into each.
  private static void assertColumnsAreCopies(Gpt gpt, String name, CopyMap map) {
    var gradient = gradient(gpt, name);
    double largest = Arrays.stream(gradient).map(Math::abs).max().orElseThrow();
    assertTrue(largest > 0, name);
    int cols = map.larger();
    for (int i = 0; i < gradient.length; i++) {
      int first = map.sources().indexOf(map.sources().get(i % cols));
      double copied = gradient[i - i % cols + first];
      assertEquals(copied, gradient[i], largest * 0x1p-40, name + " at " + i);
    }
  }

  @Test
  void theSeedDecidesWhatIsCopied() {
    var target = SMALL.withSize(3, 4, 16);
    assertEquals(new Bert2Bert(7).copies(SMALL, target), new Bert2Bert(7).copies(SMALL, target));
    assertFalse(
        new Bert2Bert(7).copies(SMALL, target).equals(new Bert2Bert(8).copies(SMALL, target)));
  }

  /// Queries, keys and values have a corner each.
  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F32", "F64"})
  void aRandomRestSurroundsTheSourceInTheCorner(DType dtype) {
    var source = RandomGpt.of(SMALL, memory, dtype);
    var target = SMALL.withSize(4, 4, 16);
    var grown = new RandomRest(9).grow(source, target, memory);
    var fresh = Gpt.create(target, memory, dtype, 9);
    for (var name : grown.parameters().names()) {
      var expected = weights(fresh, name);
      if (!name.startsWith("h.3.")) {
        var corner = weights(source, name);
        int parts = name.contains("c_attn") ? 3 : 1;
        int large = (int) grown.parameters().get(name).shape().size(-1) / parts;
        int small = (int) source.parameters().get(name).shape().size(-1) / parts;
        for (int i = 0; i < corner.length; i++) {
          expected[i / small * large + i % small] = corner[i];
        }
      }
      assertArrayEquals(expected, weights(grown, name), name);
    }
  }

  // ---- refusals

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          2 | 2 | 8  | 2 layers are fewer than the model's 3
          3 | 1 | 4  | width 4 is less than the model's 8
          4 | 4 | 8  | 4 heads of width 8 have 2 columns each, the model's have 4
          3 | 2 | 16 | 2 heads of width 16 have 8 columns each, the model's have 4
          3 | 2 | 8  | has 3 layers of width 8 already
          """)
  void whatIsNotLargerIsRefused(int layers, int heads, int width, String sentence) {
    var source = RandomGpt.of(SMALL, memory, DType.F32);
    var target = SMALL.withSize(layers, heads, width);
    long used = memory.usedBytes();
    for (var growth :
        List.of(
            new Stacking(),
            new Interpolation(),
            new ZeroBlocks(),
            new Bert2Bert(1),
            new HyperCloning(),
            new RandomRest(1))) {
      assertRefused(sentence, () -> growth.grow(source, target, memory));
      assertRefused(sentence, () -> growth.preservesFunction(SMALL, target));
    }
    assertEquals(used, memory.usedBytes());
  }

  private static void assertRefused(String sentence, Executable what) {
    var refusal = assertThrows(InvalidArgument.class, what);
    assertTrue(refusal.getMessage().contains(sentence), refusal.getMessage());
  }

  @Test
  void whatAMethodCannotDoIsRefused() {
    var wider = SMALL.withSize(3, 3, 12);
    var deeper = SMALL.withSize(4, 4, 16);
    for (var growth : List.of(new Stacking(), new Interpolation(), new ZeroBlocks())) {
      assertRefused(
          "adds layers only: the width stays 8", () -> growth.preservesFunction(SMALL, wider));
    }
    var cloning = new HyperCloning();
    assertRefused(
        "adds width only: the layers stay 3", () -> cloning.preservesFunction(SMALL, deeper));
    var narrower = SMALL.withSize(4, 2, 8).withFeedForward(31);
    assertRefused(
        "MLPs of width 31 are narrower than the model's 32",
        () -> new Bert2Bert(1).preservesFunction(SMALL, narrower));
    var inside = SMALL.withSize(4, 2, 8).withFeedForward(40);
    assertRefused(
        "adds layers only: the width stays 8, the MLPs' 32",
        () -> new Stacking().preservesFunction(SMALL, inside));
    assertRefused("12 is no multiple of 8", () -> cloning.preservesFunction(SMALL, wider));
  }

  @Test
  void whatGrowthLeavesAloneMayNotDiffer() {
    var larger = SMALL.withSize(4, 2, 8);
    for (var target :
        List.of(
            larger.withoutBias(),
            larger.withScaleByLayer(),
            GptConfig.of(4, 2, 8, 7, VOCABULARY),
            GptConfig.of(4, 2, 8, 6, 12))) {
      assertRefused(
          "differs from the source in more", () -> new Stacking().preservesFunction(SMALL, target));
    }
  }

  @Test
  void mapsOfOtherSizesAreRefused() {
    var source = RandomGpt.of(SMALL, memory, DType.F32);
    var target = SMALL.withSize(3, 4, 16);
    var good = new HyperCloning().copies(SMALL, target);
    assertRefused(
        "a map of 8 to 15 channels; there are 8 and 16",
        () ->
            new Copies(CopyMap.tiled(8, 15), good.heads(), good.hidden(), good.layers())
                .of(source, target, memory));
    assertRefused(
        "a map of 3 to 4 heads; there are 2 and 4",
        () ->
            new Copies(good.residual(), CopyMap.tiled(3, 4), good.hidden(), good.layers())
                .of(source, target, memory));
  }
}
