package dev.gatun.tool;

import dev.gatun.InvalidArgument;
import dev.gatun.NoDevice;
import dev.gatun.memory.Device;
import java.io.PrintWriter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// The options that say where to work.
final class Machine {
  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

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
    return open(device, threads, command.commandLine().getErr());
  }

  /// The same for a run that is to be begun.
  Settings settings() {
    return Settings.NONE.with("device", device).with("threads", threads);
  }

  /// Says on `err` where it took a GPU that was not named.
  static Device open(String device, long threads, PrintWriter err) {
    return switch (device) {
      case "cpu" -> Device.cpu(threads(threads));
      case "cuda" -> Device.cuda(0);
      case "auto" -> best(threads, err);
      default ->
          throw new InvalidArgument(
              "there is no device \"%s\"; there are cpu, cuda and auto".formatted(device));
    };
  }

  private static Device best(long threads, PrintWriter err) {
    try {
      var gpu = Device.cuda(0);
      err.println("gatun: --device auto takes the GPU, %s".formatted(gpu.described("device")));
      err.flush();
      return gpu;
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
