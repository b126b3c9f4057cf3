package dev.gatun.scaling;

import dev.gatun.InvalidArgument;
import dev.gatun.tensor.DType;
import java.util.Arrays;

/// The types that a training holds its numbers in.
public enum Precision {
  /// Everything in 32 bits, as Gatun trains.
  FP32("fp32", DType.F32, 4, 4),
  /// Activations in bf16; weights in fp32 with a bf16 copy beside them; gradients in fp32.
  BF16("bf16", DType.BF16, 6, 4);

  private final String word;
  private final DType activations;
  private final int weightBytes;
  private final int gradientBytes;

  Precision(String word, DType activations, int weightBytes, int gradientBytes) {
    this.word = word;
    this.activations = activations;
    this.weightBytes = weightBytes;
    this.gradientBytes = gradientBytes;
  }

  /// The one called `word`. Throws [InvalidArgument] where there is none.
  public static Precision named(String word) {
    return Arrays.stream(values())
        .filter(precision -> precision.word.equals(word))
        .findFirst()
        .orElseThrow(
            () ->
                new InvalidArgument(
                    "there is no precision \"%s\"; there are fp32 and bf16".formatted(word)));
  }

  public String word() {
    return word;
  }

  DType activations() {
    return activations;
  }

  /// A parameter's, copies included.
  int weightBytes() {
    return weightBytes;
  }

  int gradientBytes() {
    return gradientBytes;
  }
}
