package dev.gatun.scaling;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.grad.Direction;
import dev.gatun.grad.HessianVector;
import dev.gatun.grad.Tape;
import dev.gatun.memory.Device;
import dev.gatun.memory.Scope;
import dev.gatun.nn.Gpt;
import dev.gatun.nn.GptConfig;
import dev.gatun.nn.GptMemory;
import dev.gatun.optim.AdamW;
import dev.gatun.optim.GaussNewtonBartlett;
import dev.gatun.optim.Hutchinson;
import dev.gatun.optim.Lion;
import dev.gatun.optim.Sophia;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import dev.gatun.train.CurvatureRefresh;
import java.util.ArrayList;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// What the planner says of a shape is what the trainer allocates and computes for it.
class TrainerCountsTest {
  static Stream<Arguments> shapes() {
    return Stream.of(
        Arguments.of(GptConfig.of(1, 2, 16, 16, 256), 3),
        Arguments.of(GptConfig.of(2, 2, 32, 24, 256), 1),
        Arguments.of(GptConfig.of(2, 1, 24, 7, 300).withFeedForward(88).withUntiedHead(), 2),
        Arguments.of(GptConfig.of(5, 3, 48, 32, 300).withoutBias(), 2),
        Arguments.of(GptConfig.of(3, 1, 8, 16, 4096), 5),
        Arguments.of(GptConfig.of(1, 1, 8, 680, 50257), 2)); // logits too large to be kept
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void theMemoryIsWhatTheScopesHandOut(GptConfig config, int rows) {
    var need = need(config, rows, OptimizerState.ADAMW);
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

  private static MemoryNeed need(GptConfig config, int rows, OptimizerState state) {
    return MemoryNeed.of(config, rows, Precision.FP32, state);
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void theOtherOptimizersAllocateWhatThePlannerSays(GptConfig config, int rows) {
    try (var device = Device.cpu(1);
        var scope = device.scope()) {
      var parameters = Gpt.blank(config, scope, DType.F32).parameters();
      long blank = scope.usedBytes();
      new Lion(parameters, Lion.Config.DEFAULTS);
      long lion = scope.usedBytes();
      assertEquals(lion - blank, need(config, rows, OptimizerState.LION).optimizer());
      new Sophia(parameters, Sophia.Config.HUTCHINSON);
      new Hutchinson(parameters, 1);
      long hutchinson = scope.usedBytes();
      assertEquals(hutchinson - lion, need(config, rows, OptimizerState.SOPHIA_H).optimizer());
      new Sophia(parameters, Sophia.Config.BARTLETT);
      new GaussNewtonBartlett(parameters, 1);
      long bartlett = scope.usedBytes() - hutchinson;
      assertEquals(bartlett, need(config, rows, OptimizerState.SOPHIA_G).optimizer());
    }
  }

  /// A tape that a product is computed on, and the largest of the scopes that its ops work in: each
  /// op with parameters asks for their direction there.
  @ParameterizedTest
  @MethodSource("shapes")
  void hutchinsonsProductTakesWhatThePlannerSays(GptConfig config, int rows) {
    var memory = GptMemory.of(config, rows, config.context(), DType.F32);
    try (var device = Device.cpu(1);
        var scope = device.scope()) {
      var gpt = Gpt.create(config, scope, DType.F32, 1);
      var probe = new Hutchinson(gpt.parameters(), 1).direction();
      var works = new ArrayList<Scope>();
      Direction direction =
          (parameter, work) -> {
            works.add(work);
            return probe.along(parameter, work);
          };
      try (var tape = Tape.open(device)) {
        var shape = Shape.of(rows, config.context());
        var tokens = Tensor.of(tape, shape, new int[(int) shape.count()]);
        var targets = Tensor.of(tape, shape, new int[(int) shape.count()]);
        var loss = gpt.loss(tokens, targets);
        HessianVector.along(direction).inPlaceOfGradients().of(tape, loss);
        assertEquals(memory.forward() + memory.hessianProduct(), tape.usedBytes());
      }
      long largest = works.stream().mapToLong(Scope::usedBytes).max().getAsLong();
      assertEquals(memory.hessianWork(), largest);
      long product = memory.forward() + memory.hessianProduct() + largest;
      assertEquals(
          Math.max(step(config, batchOf(rows)), product),
          need(config, batchOf(rows), OptimizerState.SOPHIA_H).activations());
    }
  }

  /// Labels are drawn from whole logits, beside the batch; then comes a step's walk.
  @ParameterizedTest
  @MethodSource("shapes")
  void bartlettsLabelsTakeWhatThePlannerSays(GptConfig config, int rows) {
    var memory = GptMemory.of(config, rows, config.context(), DType.F32);
    try (var device = Device.cpu(1);
        var scope = device.scope()) {
      var gpt = Gpt.create(config, scope, DType.F32, 1);
      var shape = Shape.of(rows, config.context());
      try (var work = device.scope()) {
        var tokens = Tensor.of(work, shape, new int[(int) shape.count()]);
        var targets = Tensor.of(work, shape, new int[(int) shape.count()]);
        gpt.logits(tokens);
        assertEquals(memory.logits(), work.usedBytes());
        assertEquals(targets.shape().count() * Integer.BYTES, memory.labels());
      }
      long part = memory.labels() + Math.max(trainedOnce(gpt, rows), memory.logits());
      assertEquals(
          Math.max(step(config, batchOf(rows)), part),
          need(config, batchOf(rows), OptimizerState.SOPHIA_G).activations());
    }
  }

  /// The smallest batch of which an estimate looks at `rows` windows together.
  private static int batchOf(int rows) {
    int batch = 1;
    while (CurvatureRefresh.windowsAtOnce(batch) < rows) batch++;
    return batch;
  }

  /// What [#trainedOnce] answers, by the planner's own count.
  private static long step(GptConfig config, int rows) {
    var memory = GptMemory.of(config, rows, config.context(), DType.F32);
    return memory.forward() + memory.backward();
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
      double mixed = (double) config.layers() * config.width() * config.context();
      assertEquals(2 * weights + 2 * mixed, config.forwardFlopsPerToken(config.context()));
      assertEquals(
          16.0 * weights + 18 * mixed, config.hessianProductFlopsPerToken(config.context()));
    }
  }
}
