package dev.gatun.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.ffi.Backend;
import dev.gatun.nn.Recompute;
import dev.gatun.nn.Rounding;
import dev.gatun.optim.OnDevice;
import dev.gatun.tensor.DType;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// A recorded step as a C program.
@Tag("backend")
class WrittenProgramTest {
  @AutoClose private final OnDevice on = new OnDevice();
  private final Device device = on.device();
  private final Scope memory = on.memory();

  /// All that its arrays hold, behind ten steps in another process and behind ten of this one.
  @ParameterizedTest
  @CsvSource({
    "adamw, F32, NEAREST, NONE",
    "sophia, F32, NEAREST, NONE",
    "adamw, BF16, NEAREST, MLP",
    "lion, BF16, STOCHASTIC, BLOCK"
  })
  void theProgramThatIsWrittenComputesTheSame(
      String optimizer, DType dtype, Rounding rounding, Recompute recompute, @TempDir Path folder)
      throws Exception {
    var training = new RecordedTraining(memory, optimizer, dtype, rounding, recompute);
    try (var recording = device.record(training::walk)) {
      training.prepare(0);
      recording.replay();
      recording.writeC(folder.resolve("before"));
      var images = new ByteArrayOutputStream();
      byte[] written = Files.readAllBytes(folder.resolve("before/images.bin"));
      images.write(written, 0, written.length - recording.image().length);
      for (int step = 1; step <= 10; step++) {
        training.prepare(step);
        images.write(recording.image());
        recording.replay();
      }
      Files.write(folder.resolve("before/images.bin"), images.toByteArray());
      recording.writeC(folder.resolve("after"));
    }
    var program = Files.readString(folder.resolve("before/step.c"));
    assertTrue(program.contains("_step(stream, /* weights */ at(buffers["), program);
    run(folder.resolve("before"));
    assertEquals(
        -1,
        Files.mismatch(folder.resolve("before/after.bin"), folder.resolve("after/buffers.bin")));
    assertNotEquals(
        -1,
        Files.mismatch(folder.resolve("before/buffers.bin"), folder.resolve("after/buffers.bin")));
    for (var file : List.of("buffers.bin", "images.bin")) {
      var path = folder.resolve("before").resolve(file);
      byte[] whole = Files.readAllBytes(path);
      Files.write(path, Arrays.copyOf(whole, 3));
      var said = command(1, folder.resolve("before"), "./step", "1");
      assertTrue(said.startsWith(file), said);
      Files.write(path, whole);
    }
  }

  private void run(Path folder) throws Exception {
    var library = Backend.file(device.backend());
    var include = Path.of(System.getProperty("gatun.root"), "native", "include");
    command(
        0,
        folder,
        "cc",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-I" + include,
        "step.c",
        library.toString(),
        "-Wl,-rpath," + library.getParent(),
        "-lm",
        "-o",
        "step");
    command(0, folder, "./step", "10");
  }

  private static String command(int status, Path folder, String... words) throws Exception {
    var process =
        new ProcessBuilder(words).directory(folder.toFile()).redirectErrorStream(true).start();
    var said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(status, process.waitFor(), said);
    return said;
  }
}
