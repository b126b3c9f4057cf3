package dev.gatun.scaling;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.grad.Tape;
import dev.gatun.memory.Device;
import dev.gatun.nn.Gpt;
import dev.gatun.nn.GptConfig;
import dev.gatun.nn.GptMemory;
import dev.gatun.optim.AdamW;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// What the planner says of a shape is what the trainer allocates and computes for it.
class TrainerCountsTest {
  static Stream<Arguments> shapes() {
    return Stream.of(
        Arguments.of(GptConfig.of(1, 2, 16, 16, 256), 3),
        Arguments.of(GptConfig.of(2, 1, 24, 7, 300), 2),
        Arguments.of(GptConfig.of(5, 3, 48, 32, 300).withoutBias(), 2),
        Arguments.of(GptConfig.of(3, 1, 8, 16, 4096), 5),
        Arguments.of(GptConfig.of(1, 1, 8, 1024, 50257), 2)); // logits too large to be kept
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void theMemoryIsWhatTheScopesHandOut(GptConfig config, int rows) {
    var need = MemoryNeed.of(config, rows, Precision.FP32, OptimizerState.ADAMW);
    try (var device = Device.cpu(1);
        var scope = device.scope()) {
      var gpt = Gpt.create(config, scope, DType.F32, 1);
      assertEquals(scope.usedBytes(), need.weights() + need.gradients());
      assertEquals(gpt.parameters().count() * Float.BYTES, need.weights());
      long before = scope.usedBytes();
      new AdamW(gpt.parameters(), AdamW.Config.DEFAULTS);
      assertEquals(scope.usedBytes() - before, need.optimizer());
      assertEquals(trainedOnce(gpt, rows), need.activations());
    }
  }

  private static long trainedOnce(Gpt gpt, int rows) {
    int time = gpt.config().context();
    var shape = Shape.of(rows, time);
    try (var tape = Tape.open(gpt.device())) {
      var tokens = Tensor.of(tape, shape, new int[rows * time]);
      var targets = Tensor.of(tape, shape, new int[rows * time]);
      tape.backward(gpt.loss(tokens, targets));
      return tape.usedBytes();
    }
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void inDoublesAndShorterWindowsToo(GptConfig config, int rows) {
    int time = Math.min(config.context(), 13);
    var memory = GptMemory.of(config, rows, time, DType.F64);
    try (var device = Device.cpu(1);
        var scope = device.scope()) {
      var gpt = Gpt.create(config, scope, DType.F64, 1);
      assertEquals(scope.usedBytes(), memory.weights() + memory.gradients());
      try (var tape = Tape.open(device)) {
        var shape = Shape.of(rows, time);
        var tokens = Tensor.of(tape, shape, new int[rows * time]);
        var targets = Tensor.of(tape, shape, new int[rows * time]);
        var loss = gpt.loss(tokens, targets);
        assertEquals(tape.usedBytes(), memory.forward());
        tape.backward(loss);
        assertEquals(tape.usedBytes(), memory.forward() + memory.backward());
      }
    }
  }

  /// Six FLOPs for each weight that is multiplied with a token: the matrices as they are
  /// allocated and the head's rows; then 12 T C / 2 a layer for causal attention.
  @ParameterizedTest
  @MethodSource("shapes")
  void theFlopsAreThoseOfTheAllocatedMatrices(GptConfig config, int rows) {
    try (var device = Device.cpu(1);
        var scope = device.scope()) {
      var gpt = Gpt.blank(config, scope, DType.F32);
      long weights = config.vocabulary() * (long) config.width();
      long parameters = 0;
      for (var name : gpt.parameters().names()) {
        var shape = gpt.parameters().get(name).shape();
        parameters += shape.count() / shape.size(0) * gpt.storedRows(name);
        if (name.contains("c_") && name.endsWith(".weight")) weights += shape.count();
      }
      double flops = 6.0 * weights + 6.0 * config.layers() * config.width() * config.context();
      assertEquals(flops, config.flopsPerToken(config.context()));
      assertEquals(flops, FlopCount.TRAINER.perToken(TransformerShape.of(config)));
      assertEquals(parameters, TransformerShape.of(config).parameters());
    }
  }
}
