package dev.gatun.tool;

import dev.gatun.InvalidArgument;
import dev.gatun.tensor.DType;
import dev.gatun.train.BatchedLoss;
import java.util.function.Consumer;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// The options that say whose loss is curved, and in which type that is computed.
final class LossOnText {
  @Mixin private ModelOnText text;

  @Option(
      names = "--dtype",
      paramLabel = "fp32|fp64",
      defaultValue = "fp32",
      description = "What is computed in, and written (${DEFAULT-VALUE}).")
  private String dtype;

  void with(Consumer<BatchedLoss> body) {
    text.with(dtype(), (gpt, batches) -> body.accept(new BatchedLoss(gpt, batches)));
  }

  private DType dtype() {
    return switch (dtype) {
      case "fp32" -> DType.F32;
      case "fp64" -> DType.F64;
      default ->
          throw new InvalidArgument(
              "there is no dtype \"%s\"; there are fp32 and fp64".formatted(dtype));
    };
  }
}
