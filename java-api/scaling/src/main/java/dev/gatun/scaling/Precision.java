package dev.gatun.scaling;

import dev.gatun.InvalidArgument;
import dev.gatun.tensor.DType;
import java.util.Arrays;

/// The types that a training holds its numbers in.
public enum Precision {
  /// Everything in 32 bits.
  FP32("fp32", DType.F32),
  /// Activations in bf16; weights in fp32, matrices with a bf16 copy beside them; gradients in
  /// fp32.
  BF16("bf16", DType.BF16);

  private final String word;
  private final DType activations;

  Precision(String word, DType activations) {
    this.word = word;
    this.activations = activations;
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
}
