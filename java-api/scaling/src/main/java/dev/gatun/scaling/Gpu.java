package dev.gatun.scaling;

import dev.gatun.InvalidArgument;
import java.util.Arrays;

/// GPUs by their makers' figures: products without sparsity, bf16 on tensor cores accumulated in
/// fp32, fp32 on the ordinary units. Memory is the marketed size in units of 10^9 bytes, a little
/// less than what is there.
public enum Gpu {
  A100("a100", 80e9, 312e12, 19.5e12, 400, "NVIDIA A100 80GB SXM data sheet"),
  H100("h100", 80e9, 989.4e12, 66.9e12, 700, "NVIDIA H100 SXM5, Hopper whitepaper"),
  H200("h200", 141e9, 989.4e12, 66.9e12, 700, "NVIDIA H200 SXM data sheet, a sparse figure halved"),
  B200("b200", 180e9, 2250e12, 80e12, 1000, "NVIDIA HGX B200 data sheet, an eighth of the board"),
  L40S("l40s", 48e9, 362.05e12, 91.6e12, 350, "NVIDIA L40S data sheet"),
  RTX4090("rtx4090", 24e9, 165.2e12, 82.6e12, 450, "NVIDIA Ada whitepaper");

  private static final double SECONDS_AN_HOUR = 3600;

  private final String word;
  private final double memoryBytes;
  private final double bf16;
  private final double fp32;
  private final double watts;
  private final String source;

  Gpu(String word, double memoryBytes, double bf16, double fp32, double watts, String source) {
    this.word = word;
    this.memoryBytes = memoryBytes;
    this.bf16 = bf16;
    this.fp32 = fp32;
    this.watts = watts;
    this.source = source;
  }

  /// The one called `word`. Throws [InvalidArgument] where there is none.
  public static Gpu named(String word) {
    return Arrays.stream(values())
        .filter(gpu -> gpu.word.equals(word))
        .findFirst()
        .orElseThrow(
            () ->
                new InvalidArgument(
                    "there is no GPU \"%s\" in the table; there are %s"
                        .formatted(
                            word,
                            String.join(", ", Arrays.stream(values()).map(Gpu::word).toList()))));
  }

  public String word() {
    return word;
  }

  public String source() {
    return source;
  }

  public double memoryBytes() {
    return memoryBytes;
  }

  /// The board's power limit.
  public double watts() {
    return watts;
  }

  /// FLOP/s that no kernel exceeds.
  public double peak(Precision precision) {
    return precision == Precision.BF16 ? bf16 : fp32;
  }

  /// FLOPs that `hours` yield at a share `mfu` of the peak.
  public double flops(double hours, double mfu, Precision precision) {
    Require.positive("the number of GPU-hours", hours);
    return hours * SECONDS_AN_HOUR * peak(precision) * Require.share("the MFU", mfu);
  }

  /// GPU-hours that `flops` take.
  public double hours(double flops, double mfu, Precision precision) {
    return flops / (SECONDS_AN_HOUR * peak(precision) * Require.share("the MFU", mfu));
  }
}
