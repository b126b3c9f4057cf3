package dev.gatun.grad;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.growth.Bert2Bert;
import dev.gatun.growth.LigoForm;
import dev.gatun.growth.LigoHeads;
import dev.gatun.growth.LigoOperator;
import dev.gatun.growth.LigoShape;
import dev.gatun.growth.LigoStart;
import dev.gatun.memory.Device;
import dev.gatun.nn.Gpt;
import dev.gatun.nn.GptConfig;
import dev.gatun.op.LayerMix;
import dev.gatun.op.MatMul;
import dev.gatun.tensor.DType;
import java.util.stream.Stream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// The FLOPs that LiGO's operator says it takes, beside the products that a tape has recorded: each
/// is two FLOPs for every pair of numbers, and as many again for each argument that has a gradient.
class LigoFlopsTest {
  @AutoClose private final Device device = Device.cpu(1);

  static Stream<Arguments> operators() {
    var small = GptConfig.of(2, 2, 8, 6, 11);
    return Stream.of(small, small.withoutBias().withScaleByLayer().withUntiedHead())
        .flatMap(
            source ->
                Stream.of(LigoForm.values())
                    .flatMap(
                        form ->
                            Stream.of(LigoHeads.values())
                                .flatMap(
                                    heads ->
                                        Stream.of(
                                            Arguments.of(
                                                new LigoShape(
                                                    source,
                                                    source.withSize(5, 3, 12),
                                                    form,
                                                    heads)),
                                            Arguments.of(
                                                new LigoShape(
                                                    source,
                                                    source.withSize(3, 3, 12).withFeedForward(32),
                                                    form,
                                                    heads)),
                                            Arguments.of(
                                                new LigoShape(
                                                    source,
                                                    source.withFeedForward(37),
                                                    form,
                                                    heads)),
                                            Arguments.of(
                                                new LigoShape(
                                                    source,
                                                    source.withSize(3, 2, 8),
                                                    form,
                                                    heads))))));
  }

  @ParameterizedTest
  @MethodSource("operators")
  void areThoseOfTheProductsThatRun(LigoShape shape) {
    try (var memory = device.scope()) {
      var source = Gpt.create(shape.source(), memory, DType.F32, 1);
      var start = LigoStart.of(new Bert2Bert(1));
      var operator = LigoOperator.create(source, shape, start, memory);
      try (var tape = Tape.open(device)) {
        operator.weights();
        double forward = 0;
        double all = 0;
        for (var each : tape.nodes()) {
          var node = (OpNode) each;
          double flops = flops(node);
          forward += flops;
          all += flops;
          for (var input : node.inputs()) if (tape.isDifferentiable(input)) all += flops;
        }
        assertEquals(shape.forwardFlops(), forward);
        assertEquals(shape.flops(), all);
      }
    }
  }

  private static double flops(OpNode node) {
    var first = node.inputs().getFirst().shape();
    var value = node.values().getFirst().shape();
    return switch (node.op()) {
      case MatMul product -> 2.0 * value.count() * first.size(product.transposeA() ? -2 : -1);
      case LayerMix _ -> 2.0 * value.count() * first.size(1);
      default -> 0;
    };
  }
}
