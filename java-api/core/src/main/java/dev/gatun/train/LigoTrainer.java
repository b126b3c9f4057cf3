package dev.gatun.train;

import dev.gatun.grad.Tape;
import dev.gatun.growth.LigoOperator;
import dev.gatun.nn.Gpt;
import dev.gatun.optim.Optimizer;
import dev.gatun.optim.Schedule;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/// Trains the maps of LiGO's operator on the loss of the larger network that they make. A step
/// makes its weights, walks it forwards and backwards as in ordinary training, pulls the gradients
/// of the weights back to the maps, and moves those. The smaller network's weights stay as they
/// are, and the larger one's have no optimizer.
///
/// Steps are replays of one recording, which holds memory of its own until the trainer is closed,
/// or its device.
public final class LigoTrainer implements AutoCloseable {
  private final LigoOperator operator;
  private final Gpt larger;
  private final TrainingStep step;
  private final RecordedStep recorded;
  private final Tensor start;

  /// `larger` is a network of the operator's target, whose weights are written over; `optimizer`
  /// moves [LigoOperator#maps]. `accumulate` batches make one step.
  public LigoTrainer(
      LigoOperator operator,
      Gpt larger,
      Optimizer optimizer,
      Schedule schedule,
      Batches batches,
      int accumulate) {
    operator.requireFit(larger);
    this.operator = operator;
    this.larger = larger;
    step = new TrainingStep(optimizer, schedule, batches, accumulate);
    recorded = new RecordedStep(larger, step, this::throughMaps);
    start = copied(operator);
  }

  /// The maps as they begin, beside them.
  private static Tensor copied(LigoOperator operator) {
    var maps = operator.maps();
    var copy = Tensor.uninitialized(maps.scope(), maps.dtype(), Shape.of(maps.count()));
    var device = maps.device();
    long bytes = maps.count() * maps.dtype().bytes();
    device
        .kernels()
        .copy(device.stream().handle(), copy.data(), maps.parts().getFirst().weights(), bytes);
    return copy;
  }

  /// Writes what the maps make now into the larger network, and returns it.
  public Gpt grown() {
    operator.copyTo(larger);
    return larger;
  }

  /// Steps done; also the number of the next one.
  public long steps() {
    return step.optimizer().steps();
  }

  /// Targets a step trains on.
  public long tokensPerStep() {
    return step.tokens();
  }

  /// FLOPs of the operator in a step, as [dev.gatun.growth.LigoShape#flops] counts; they do not
  /// grow with the batch.
  public double operatorFlopsPerStep() {
    return operator.shape().flops();
  }

  /// FLOPs of the larger network in a step, as [dev.gatun.nn.GptConfig#flopsPerToken] counts.
  public double modelFlopsPerStep() {
    return tokensPerStep() * larger.config().flopsPerToken(step.batches().time());
  }

  /// One optimizer step of the maps; the larger network stays what they made before it. Throws
  /// [NotFinite] when the loss or the gradient was not finite; the maps have moved by it then.
  public StepReport step() {
    long begin = System.nanoTime();
    double rate = step.schedule().at(steps());
    double loss = recorded.run(rate);
    return step.report(begin, loss, rate, Optional.empty());
  }

  private void throughMaps(Runnable gradients) {
    operator.maps().forgetGradients();
    try (var tape = Tape.open(larger.device())) {
      var weights = operator.weights();
      operator.copyTo(larger, weights);
      gradients.run();
      operator.pullBack(tape, weights, larger);
    }
  }

  /// How far each map has moved from where it began, as a share of its length there. Waits.
  public Map<String, Double> movements() {
    var movements = new LinkedHashMap<String, Double>();
    var maps = operator.maps();
    for (var name : maps.names()) {
      try (var _ = maps.device().scope()) {
        var map = maps.get(name);
        var began = began(name, map);
        double moved = map.minus(began).square().sum().item();
        movements.put(name, Math.sqrt(moved / began.square().sum().item()));
      }
    }
    return movements;
  }

  private Tensor began(String name, Tensor map) {
    DType dtype = map.dtype();
    var address = start.scope().at(start.data(), operator.maps().offset(name) * dtype.bytes());
    return Tensor.over(start.scope(), address, dtype, map.shape(), null);
  }

  /// Gives back the memory of its recording.
  @Override
  public void close() {
    recorded.close();
  }
}
