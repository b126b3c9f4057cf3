package dev.gatun.scaling;

import dev.gatun.InvalidArgument;
import dev.gatun.optim.AdamW;
import dev.gatun.tensor.DType;
import java.util.Arrays;

/// What optimizers keep for each parameter, in fp32 whatever the weights are held in.
public enum OptimizerState {
  /// m and v, Loshchilov and Hutter 2019, arXiv 1711.05101.
  ADAMW("adamw", 2),
  /// m and the curvature's diagonal, Liu et al. 2023, arXiv 2305.14342.
  SOPHIA("sophia", 2),
  /// m, Chen et al. 2023, arXiv 2302.06675.
  LION("lion", 1),
  /// Stochastic gradient descent with momentum.
  MOMENTUM("momentum", 1),
  /// Plain stochastic gradient descent.
  SGD("sgd", 0);

  private final String word;
  private final int arenas;

  OptimizerState(String word, int arenas) {
    this.word = word;
    this.arenas = arenas;
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

  /// Bytes beside an arena of `elements` parameters; AdamW's to the byte.
  long bytes(long elements) {
    return this == ADAMW
        ? AdamW.stateBytes(elements, DType.F32)
        : arenas * elements * DType.F32.bytes();
  }
}
