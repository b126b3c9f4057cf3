package dev.gatun.laws;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.memory.Device;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// The kernels run with the instruction set that this run of the tests is about.
@Tag("laws")
class LevelTest {
  private static final List<String> V3 = List.of("avx2", "bmi2", "f16c", "fma", "movbe");
  private static final List<String> V4 =
      List.of("avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl");

  @Test
  void theDeviceNamesTheLevelThatWasAskedFor() throws IOException {
    try (var device = Device.cpu()) {
      var description = device.describe();
      assertTrue(description.contains("instruction set: x86-64-" + expected()), description);
    }
  }

  /// What the build says that it asked for; else the best of this processor.
  private static String expected() throws IOException {
    var told = System.getProperty("gatun.level");
    var asked = System.getenv("GATUN_CPU_LEVEL");
    if (told != null) return told;
    if (asked != null && !asked.isEmpty()) return asked;
    var flags =
        Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
            .filter(line -> line.startsWith("flags"))
            .flatMap(line -> Arrays.stream(line.split("\\s+")))
            .distinct()
            .toList();
    if (!flags.containsAll(V3)) return "v2";
    return flags.containsAll(V4) ? "v4" : "v3";
  }
}
