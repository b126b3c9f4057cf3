package dev.gatun.laws;

import dev.gatun.memory.Device;
import java.util.regex.Pattern;

/// The device whose kernels are under test: the system property `gatun.backend`, else the CPU.
public final class Devices {
  private static final String BACKEND = System.getProperty("gatun.backend", "cpu");
  private static final Pattern ONLY = Pattern.compile(System.getProperty("gatun.only", ""));

  private Devices() {}

  /// The name of its backend.
  public static String backend() {
    return BACKEND;
  }

  /// Opens it for this thread.
  public static Device underTest() {
    return switch (BACKEND) {
      case "cpu" -> Device.cpu();
      case "cuda" -> Device.cuda(0);
      case "emu" -> Device.emulated();
      default ->
          throw new IllegalArgumentException(
              "gatun.backend is %s; cpu, cuda or emu".formatted(BACKEND));
    };
  }

  /// Whether it is the emulated one.
  public static boolean isEmulated() {
    return BACKEND.equals("emu");
  }

  /// Whether it is a real GPU.
  public static boolean isGpu() {
    return BACKEND.equals("cuda");
  }

  /// Whether indices are read by kernels alone, which report a bad one when the host next waits.
  public static boolean checksOnDevice() {
    return !BACKEND.equals("cpu");
  }

  /// Whether the system property `gatun.only`, a regular expression, finds something in the name of
  /// a sample; without it all are tested.
  public static boolean isUnderTest(String sample) {
    return ONLY.matcher(sample).find();
  }
}
