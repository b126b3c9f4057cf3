package dev.gatun.tool;

import dev.gatun.scaling.FlopCount;
import dev.gatun.scaling.OptimizerState;
import dev.gatun.scaling.PlanRequest;
import dev.gatun.scaling.Precision;
import picocli.CommandLine.Option;

/// The options of `plan` that make models concrete.
final class ShapeOptions {
  @Option(
      names = "--vocab",
      paramLabel = "V",
      defaultValue = "50257",
      description = "The vocabulary of concrete models (${DEFAULT-VALUE}).")
  private int vocabulary;

  @Option(
      names = "--context",
      paramLabel = "T",
      defaultValue = "1024",
      description = "Their context (${DEFAULT-VALUE}).")
  private int context;

  @Option(
      names = "--batch",
      paramLabel = "B",
      defaultValue = "8",
      description = "Windows a batch, for the memory of activations (${DEFAULT-VALUE}).")
  private int rows;

  @Option(
      names = "--optimizer",
      paramLabel = "NAME",
      defaultValue = "adamw",
      description =
          "Whose state is held: adamw (the default), sophia-h, sophia-g, lion, momentum," + " sgd.")
  private String optimizer;

  @Option(
      names = "--precision",
      paramLabel = "fp32|bf16",
      defaultValue = "bf16",
      description = "What numbers are held and multiplied in (${DEFAULT-VALUE}).")
  private String precision;

  @Option(
      names = "--flop-count",
      paramLabel = "NAME",
      defaultValue = "6nd",
      description = {
        "How a shape's FLOPs are counted: 6nd (the default), chinchilla-table, appendix-f, palm,"
            + " kaplan, deepseek, trainer."
      })
  private String count;

  @Option(
      names = "--shapes",
      paramLabel = "K",
      defaultValue = "3",
      description = "How many concrete models to show (${DEFAULT-VALUE}).")
  private int most;

  Precision precision() {
    return Precision.named(precision);
  }

  PlanRequest.Models models() {
    return new PlanRequest.Models(
        vocabulary,
        context,
        rows,
        precision(),
        OptimizerState.named(optimizer),
        FlopCount.named(count),
        most);
  }
}
