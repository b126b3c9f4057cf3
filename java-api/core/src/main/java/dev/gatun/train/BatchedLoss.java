package dev.gatun.train;

import dev.gatun.InvalidArgument;
import dev.gatun.grad.Tape;
import dev.gatun.grad.VectorProduct;
import dev.gatun.nn.Gpt;
import dev.gatun.optim.Curvature;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.util.Arrays;
import java.util.List;

/// A model's mean loss over all targets of some batches, as a function of its weights: products and
/// diagonals of its curvature. Targets below 0 are left out, wherever they stand. Batches are
/// walked one after another, so that one of them has to fit into memory. What is found stands in
/// the place of the parameters' gradients.
///
/// @param batches at least one, with at least one target that counts
public record BatchedLoss(Gpt gpt, List<Batch> batches) {
  public BatchedLoss {
    batches = List.copyOf(batches);
    if (batches.isEmpty()) {
      throw new InvalidArgument("there are no batches; there must be at least one");
    }
    if (targets(batches) == 0) {
      throw new InvalidArgument("all targets are left out; at least one must count");
    }
  }

  /// The targets that the loss is the mean over.
  public long targets() {
    return targets(batches);
  }

  private static long targets(List<Batch> batches) {
    return batches.stream().mapToLong(BatchedLoss::targets).sum();
  }

  private static long targets(Batch batch) {
    return Arrays.stream(batch.targets()).filter(target -> target >= 0).count();
  }

  /// This product's matrix of the mean loss times its direction.
  public void multiply(VectorProduct product) {
    var inPlace = product.inPlaceOfGradients();
    gpt.parameters().forgetGradients();
    each(
        (inputs, targets, share) -> {
          try (var tape = Tape.open(gpt.device())) {
            inPlace.of(tape, gpt.loss(inputs, targets), share);
          }
        });
    gpt.parameters().settle();
  }

  /// Estimate number `number` of the diagonal of the mean loss's curvature.
  public void estimate(Curvature curvature, long number) {
    curvature.draw(number);
    each((inputs, targets, share) -> curvature.add(gpt, inputs, targets, share));
  }

  /// One batch on the device, and its share of all targets.
  @FunctionalInterface
  private interface Part {
    void accept(Tensor inputs, Tensor targets, double share);
  }

  private void each(Part part) {
    long all = targets();
    for (var batch : batches) {
      if (targets(batch) == 0) continue;
      try (var scope = gpt.device().scope()) {
        var shape = Shape.of(batch.rows(), batch.time());
        part.accept(
            Tensor.of(scope, shape, batch.inputs()),
            Tensor.of(scope, shape, batch.targets()),
            (double) targets(batch) / all);
      }
    }
  }
}
