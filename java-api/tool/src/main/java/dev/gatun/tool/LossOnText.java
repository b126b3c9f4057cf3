package dev.gatun.tool;

import dev.gatun.tensor.DType;
import dev.gatun.train.BatchedLoss;
import java.util.function.Consumer;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// The options that say whose loss is curved, and in which type that is computed.
final class LossOnText {
  private enum Precision {
    fp32(DType.F32),
    fp64(DType.F64);

    private final DType dtype;

    Precision(DType dtype) {
      this.dtype = dtype;
    }
  }

  @Mixin private ModelOnText text;

  @Option(
      names = "--dtype",
      paramLabel = "fp32|fp64",
      defaultValue = "fp32",
      description = "What is computed in, and written (${DEFAULT-VALUE}).")
  private Precision precision;

  void with(Consumer<BatchedLoss> body) {
    text.with(precision.dtype, (gpt, batches) -> body.accept(new BatchedLoss(gpt, batches)));
  }
}
