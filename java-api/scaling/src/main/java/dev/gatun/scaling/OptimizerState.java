package dev.gatun.scaling;

import dev.gatun.InvalidArgument;
import dev.gatun.nn.GptMemory;
import dev.gatun.optim.AdamW;
import dev.gatun.optim.GaussNewtonBartlett;
import dev.gatun.optim.Hutchinson;
import dev.gatun.optim.Lion;
import dev.gatun.optim.Sophia;
import dev.gatun.tensor.DType;
import java.util.Arrays;
import java.util.function.ToLongBiFunction;

/// What optimizers keep for each parameter, in fp32 whatever the weights are held in. Of those that
/// `train` offers, under the names it has for them, to the byte.
public enum OptimizerState {
  /// m and v, Loshchilov and Hutter 2019, arXiv 1711.05101.
  ADAMW("adamw", AdamW::stateBytes),
  /// m and the Hessian's diagonal by Hutchinson, Liu et al. 2023, arXiv 2305.14342.
  SOPHIA_H("sophia-h", (n, type) -> Sophia.stateBytes(n, type) + Hutchinson.STATE_BYTES),
  /// m and the Gauss-Newton diagonal by Bartlett, from the same.
  SOPHIA_G("sophia-g", (n, type) -> Sophia.stateBytes(n, type) + GaussNewtonBartlett.STATE_BYTES),
  /// m, Chen et al. 2023, arXiv 2302.06675.
  LION("lion", Lion::stateBytes),
  /// Stochastic gradient descent with momentum.
  MOMENTUM("momentum", (n, type) -> n * type.wide().bytes()),
  /// Plain stochastic gradient descent.
  SGD("sgd", (_, _) -> 0);

  private final String word;
  private final ToLongBiFunction<Long, DType> bytes;

  OptimizerState(String word, ToLongBiFunction<Long, DType> bytes) {
    this.word = word;
    this.bytes = bytes;
  }

  /// The one called `word`. Throws [InvalidArgument] where there is none.
  public static OptimizerState named(String word) {
    return Arrays.stream(values())
        .filter(state -> state.word.equals(word))
        .findFirst()
        .orElseThrow(
            () ->
                new InvalidArgument(
                    "there is no optimizer \"%s\"; there are %s"
                        .formatted(
                            word,
                            String.join(
                                ", ",
                                Arrays.stream(values()).map(OptimizerState::word).toList()))));
  }

  public String word() {
    return word;
  }

  /// Bytes beside an arena of `elements` parameters.
  long bytes(long elements, DType dtype) {
    return bytes.applyAsLong(elements, dtype);
  }

  /// What a batch takes: a step's walks, or those of a refresh of the curvature, on the part of
  /// the batch that an estimate looks at together, where they take more.
  long activations(GptMemory batch, GptMemory part) {
    return Math.max(
        step(batch),
        switch (this) {
          case SOPHIA_H -> part.forward() + part.hessianProduct() + part.hessianWork();
          case SOPHIA_G -> part.labels() + Math.max(step(part), part.logits());
          default -> 0;
        });
  }

  private static long step(GptMemory gpt) {
    return gpt.forward() + gpt.backward() + gpt.recomputed();
  }
}
