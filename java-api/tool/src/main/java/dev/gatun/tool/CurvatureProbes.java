package dev.gatun.tool;

import dev.gatun.InvalidArgument;
import picocli.CommandLine.Option;

/// How many probes an estimate takes, and out of which random numbers.
final class CurvatureProbes {
  @Option(names = "--probes", required = true, paramLabel = "N", description = "Probes.")
  private int count;

  @Option(names = "--seed", paramLabel = "S", description = "Of the probes; else 0.")
  private long seed;

  int count() {
    if (count < 1) {
      throw new InvalidArgument("%d probes asked for; there must be at least one".formatted(count));
    }
    return count;
  }

  long seed() {
    return seed;
  }
}
