package dev.gatun.laws.manners;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.laws.Devices;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The program that runs saved cases finds what was saved, and can fail: else what sanitizers find
/// in it would mean nothing.
@Tag("emulator")
class ReplayTest {
  @TempDir Path folder;

  @Test
  void everyKernelHasCasesWithTheSavedBits() throws Exception {
    assertEquals(0, replay(saved(Prototype.KERNELS), ""), this::said);
  }

  @Test
  void otherBitsAreAFailure() throws Exception {
    var file = saved(List.of(Prototype.of("fill")));
    assertEquals(0, replay(file, "fill"), this::said);
    var bytes = Files.readAllBytes(file);
    bytes[bytes.length - 2] ^= 1; // of the value, the last of the last case
    Files.write(file, bytes);
    assertNotEquals(0, replay(file, "fill"));
    assertTrue(said().contains("fill: array 0 has other bits"), this::said);
  }

  @Test
  void kernelsWithoutACaseAreNamed() throws Exception {
    var file = saved(List.of(Prototype.of("fill")));
    assertNotEquals(0, replay(file, ""));
    var expected = new TreeSet<String>();
    Prototype.KERNELS.forEach(kernel -> expected.add(kernel.name()));
    expected.remove("fill");
    assertEquals("there is no case of " + String.join(", ", expected), said().strip());
  }

  private Path saved(List<Prototype> kernels) throws IOException {
    var file = folder.resolve("cases");
    try (var rig = new Rig(Devices.underTest())) {
      Cases.save(rig, file, kernels);
    }
    return file;
  }

  private int replay(Path cases, String kernel) throws Exception {
    var program = Path.of(System.getProperty("gatun.library.path"), "test", "replay").toString();
    var header = Path.of(System.getProperty("gatun.root"), "native", "include", "gatun.h");
    return new ProcessBuilder(program, header.toString(), cases.toString(), kernel)
        .redirectErrorStream(true)
        .redirectOutput(folder.resolve("said").toFile())
        .start()
        .waitFor();
  }

  private String said() {
    try {
      return Files.readString(folder.resolve("said"));
    } catch (IOException unreadable) {
      throw new AssertionError(unreadable);
    }
  }
}
