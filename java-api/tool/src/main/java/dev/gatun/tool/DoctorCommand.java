package dev.gatun.tool;

import dev.gatun.GatunException;
import dev.gatun.ffi.Backend;
import dev.gatun.memory.Device;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/// Says what this machine offers.
@Command(
    name = "doctor",
    description = "Says what is here: processor, libraries (or why not), versions, data.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class)
final class DoctorCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  /// 1 where nothing can be trained on.
  @Override
  public Integer call() {
    var out = spec.commandLine().getOut();
    out.println("gatun: " + Version.gatun());
    out.println("java: " + Version.java());
    out.println("jdk: " + System.getProperty("java.home"));
    out.println("default data: " + sources());
    boolean cpu = backend(out, "cpu", Device::cpu);
    boolean cuda = backend(out, "cuda", () -> Device.cuda(0));
    return cpu || cuda ? 0 : 1;
  }

  private static String sources() {
    var sources = Path.of(System.getProperty("java.home"), "lib", "src.zip");
    return Files.isRegularFile(sources)
        ? sources.toString()
        : "this project's own sources, for there is no " + sources;
  }

  private static boolean backend(PrintWriter out, String name, Supplier<Device> opening) {
    try (var device = opening.get()) {
      out.println(name + ": " + Backend.file(name));
      device.describe().lines().forEach(line -> out.println("  " + line));
      return true;
    } catch (GatunException refused) {
      out.println(name + ": refused: " + refused.getMessage());
      return false;
    }
  }
}
