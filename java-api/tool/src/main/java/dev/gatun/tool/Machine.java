package dev.gatun.tool;

import dev.gatun.InvalidArgument;
import dev.gatun.NoDevice;
import dev.gatun.memory.Device;
import picocli.CommandLine.Option;

/// The options that say where to work.
final class Machine {
  @Option(
      names = "--device",
      paramLabel = "cpu|cuda|auto",
      defaultValue = "auto",
      description = "Where to work; auto takes a GPU where there is one.")
  private String device;

  @Option(
      names = "--threads",
      paramLabel = "N",
      defaultValue = "0",
      description = "Threads of the CPU; 0 takes all.")
  private long threads;

  Device open() {
    return open(device, threads);
  }

  /// The same for a run that is to be begun.
  Settings settings() {
    return Settings.NONE.with("device", device).with("threads", threads);
  }

  static Device open(String device, long threads) {
    return switch (device) {
      case "cpu" -> Device.cpu(threads(threads));
      case "cuda" -> Device.cuda(0);
      case "auto" -> best(threads);
      default ->
          throw new InvalidArgument(
              "there is no device \"%s\"; there are cpu, cuda and auto".formatted(device));
    };
  }

  private static Device best(long threads) {
    try {
      return Device.cuda(0);
    } catch (NoDevice none) {
      return Device.cpu(threads(threads));
    }
  }

  /// How many threads a number of them means.
  static int threads(long asked) {
    if (asked < 0 || asked > Short.MAX_VALUE) {
      throw new InvalidArgument("%d threads; there must be 0 for all, or more".formatted(asked));
    }
    return asked == 0 ? Runtime.getRuntime().availableProcessors() : (int) asked;
  }
}
