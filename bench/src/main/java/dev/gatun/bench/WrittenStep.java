package dev.gatun.bench;

import dev.gatun.ffi.Backend;
import dev.gatun.memory.Device;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/// The same small steps replayed by Java and by the C programs that their recordings write, in
/// turns: the median microseconds of each, and of Java's own part.
///
///     java -cp … dev.gatun.bench.WrittenStep INCLUDE [ROUNDS]
///
/// INCLUDE is the folder of gatun.h.
public final class WrittenStep {
  private static final int STEPS = 20000;

  private WrittenStep() {}

  public static void main(String[] words) throws Exception {
    var include = Path.of(words[0]).toAbsolutePath();
    int rounds = words.length > 1 ? Integer.parseInt(words[1]) : 5;
    for (var step : SmallSteps.values()) compare(step, include, rounds);
  }

  private static void compare(SmallSteps of, Path include, int rounds) throws Exception {
    try (var device = Device.cpu(1)) {
      var step = new SmallSteps.Step(of, device);
      try (var recording = device.record(step::walk)) {
        var folder = Files.createTempDirectory("gatun-step");
        step.prepare();
        recording.replay();
        recording.writeC(folder);
        compile(folder, include);
        var taken = new double[STEPS];
        for (int round = 0; round < rounds; round++) {
          double c = Double.parseDouble(said(folder, "./step", Integer.toString(STEPS), "1"));
          for (int i = 0; i < STEPS; i++) {
            step.prepare();
            long start = System.nanoTime();
            recording.replay();
            device.stream().join();
            taken[i] = (System.nanoTime() - start) * 1e-3;
          }
          Arrays.sort(taken);
          double java = taken[STEPS / 2];
          System.out.printf("%s  C %.2f us  Java %.2f us  ratio %.3f%n", of, c, java, java / c);
        }
      }
    }
  }

  private static void compile(Path folder, Path include) throws Exception {
    var library = Backend.file("cpu");
    said(
        folder,
        "cc",
        "-O2",
        "-I" + include,
        "step.c",
        library.toString(),
        "-Wl,-rpath," + library.getParent(),
        "-lm",
        "-o",
        "step");
  }

  private static String said(Path folder, String... command) throws Exception {
    var process =
        new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true).start();
    var text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) throw new IOException(text);
    return text.strip();
  }
}
