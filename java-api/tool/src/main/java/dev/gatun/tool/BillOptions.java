package dev.gatun.tool;

import dev.gatun.InvalidArgument;
import dev.gatun.scaling.Bill;
import dev.gatun.scaling.Gpu;
import picocli.CommandLine.Option;

/// The options of `plan` that tell what compute costs.
final class BillOptions {
  @Option(
      names = "--gpu",
      paramLabel = "NAME",
      defaultValue = "h100",
      description = "a100, h100 (the default), h200, b200, l40s, rtx4090.")
  private String gpu;

  @Option(
      names = "--mfu",
      paramLabel = "X",
      defaultValue = "0.4",
      description = "Share of the GPU's peak that the training reaches (${DEFAULT-VALUE}).")
  private double mfu;

  @Option(
      names = "--price",
      paramLabel = "X",
      defaultValue = "2.5",
      description = "Dollars a GPU-hour (${DEFAULT-VALUE}, an assumption).")
  private double price;

  @Option(
      names = "--pue",
      paramLabel = "X",
      defaultValue = "1.56",
      description = "The building's power by its machines' (${DEFAULT-VALUE}, a survey of 2024).")
  private double overhead;

  @Option(
      names = "--carbon",
      paramLabel = "X",
      defaultValue = "473",
      description = "Grams of CO2e a kilowatt-hour (${DEFAULT-VALUE}, the world's mean of 2024).")
  private double carbon;

  Gpu gpu() {
    return Gpu.named(gpu);
  }

  double mfu() {
    return share(mfu);
  }

  static double share(double mfu) {
    if (mfu > 0 && mfu <= 1) return mfu;
    throw new InvalidArgument("the MFU is %s; it must be above 0, at most 1".formatted(mfu));
  }

  Bill.Rates rates() {
    return new Bill.Rates(price, overhead, carbon);
  }
}
