package dev.gatun.tool;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.laws.Devices;
import dev.gatun.train.Journal;
import dev.gatun.train.Run;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The commands on a GPU, beside the same commands on the CPU.
///
/// No option of the commands reaches the emulator. Where it is under test, the folder of libraries
/// has it under the name of the CUDA backend's, and all else is as on a GPU.
@Tag("gpu")
class GpuCommandsTest {
  private static final Pattern LOSS = Pattern.compile("\"loss\":([0-9.]+)");
  private static final int STEPS = 4;

  /// The longest sums of the small model: a softmax over its vocabulary.
  private static final double ROUNDING = 256 * 0x1p-24;

  @TempDir Path folder;
  private Path libraries;
  private Path tokens;

  @BeforeEach
  void prepare() throws IOException {
    var bytes = Files.readAllBytes(Commands.texts(folder.resolve("texts"), 1).resolve("text3"));
    var wide = new byte[2 * bytes.length]; // 16-bit tokens; of tokens `train` prints no sample
    for (int i = 0; i < bytes.length; i++) wide[2 * i] = bytes[i];
    tokens = Files.write(folder.resolve("tokens.bin"), wide);
    libraries = Path.of(System.getProperty("gatun.library.path"));
    if (!Devices.isEmulated()) return;
    var emulator = libraries.resolve("libgatun_emu.so");
    libraries = Files.createDirectory(folder.resolve("libraries"));
    Files.copy(emulator, libraries.resolve("libgatun_cuda.so"));
  }

  @Test
  void aRunFollowsTheCpusAndEveryCommandReadsItsCheckpoint() throws Exception {
    var there = folder.resolve("there");
    var here = folder.resolve("here");
    onTheGpu(training(there, "--device=cuda")).requireGood();
    Commands.run(training(here)).requireGood();
    var losses = losses(there);
    var expected = losses(here);
    assertEquals(STEPS, losses.size());
    for (int step = 0; step < STEPS; step++) {
      double allowed = (step + 1) * ROUNDING * expected.get(step);
      assertEquals(expected.get(step), losses.get(step), allowed, "step " + step);
    }
    namesWhatItRanOn(there);
    evaluatesAlike(there);
    generatesAlike(there);
    resumesWithTheSameBits(there);
  }

  @ParameterizedTest
  @ValueSource(strings = {"sophia-h", "sophia-g", "lion"})
  void everyOptimizerFollowsTheCpus(String optimizer) throws Exception {
    var there = folder.resolve("there");
    var here = folder.resolve("here");
    onTheGpu(twoSteps(there, optimizer, "cuda")).requireGood();
    Commands.run(twoSteps(here, optimizer, "cpu")).requireGood();
    var expected = losses(here);
    assertEquals(2, losses(there).size());
    for (int step = 0; step < 2; step++) {
      double allowed = (step + 1) * ROUNDING * expected.get(step);
      assertEquals(expected.get(step), losses(there).get(step), allowed, "step " + step);
    }
  }

  private List<String> twoSteps(Path run, String optimizer, String device) {
    return Commands.training(
        tokens,
        run,
        "--vocab=256",
        "--steps=2",
        "--batch=2",
        "--evaluate-batches=1",
        "--optimizer=" + optimizer,
        "--device=" + device);
  }

  private void namesWhatItRanOn(Path run) throws Exception {
    var first = Journal.read(run.resolve(Run.JOURNAL)).getFirst().fields();
    assertEquals(
        List.of("backend", "device", "matrixProducts", "plannedBytes", "naiveBytes"),
        List.copyOf(first.keySet()));
    assertEquals("cuda", first.get("backend"));
    var doctor = onTheGpu(List.of("doctor")).requireGood().out();
    var cuda = doctor.substring(doctor.indexOf("\ncuda: "));
    assertTrue(cuda.contains(libraries.resolve("libgatun_cuda.so").toString()), doctor);
    assertTrue(cuda.contains("\n  device: " + first.get("device") + "\n"), doctor);
    assertTrue(cuda.contains("\n  matrix products: " + first.get("matrixProducts")), doctor);
  }

  private void evaluatesAlike(Path run) throws Exception {
    var there = onTheGpu(evaluation(run, "cuda")).requireGood();
    double here = loss(Commands.run(evaluation(run, "cpu")).requireGood());
    assertEquals(here, loss(there), here * ROUNDING);
    assertEquals("", there.err());
    var auto = onTheGpu(evaluation(run, "auto")).requireGood();
    assertEquals(there.out(), auto.out());
    assertTrue(auto.err().matches("gatun: --device auto takes the GPU, .+\\R"), auto.err());
  }

  private void generatesAlike(Path run) throws Exception {
    var there = onTheGpu(generation(run, "cuda")).requireGood().out();
    assertEquals(Commands.run(generation(run, "cpu")).requireGood().out(), there);
    assertTrue(there.strip().length() > 10, there);
  }

  /// From the checkpoint before the last, in a process of its own.
  private void resumesWithTheSameBits(Path run) throws Exception {
    var last = run.resolve("step-" + STEPS);
    var weights = Files.readAllBytes(last.resolve("model.safetensors"));
    var journal = Journal.read(run.resolve(Run.JOURNAL)).size();
    try (var files = Files.list(last)) {
      for (var file : files.toList()) Files.delete(file);
    }
    Files.delete(last);
    Files.delete(run.resolve("latest"));
    Files.createSymbolicLink(run.resolve("latest"), Path.of("step-" + STEPS / 2));
    onTheGpu(List.of("train", "--resume=" + run)).requireGood();
    assertArrayEquals(weights, Files.readAllBytes(last.resolve("model.safetensors")));
    assertEquals(journal, Journal.read(run.resolve(Run.JOURNAL)).size());
  }

  private List<String> training(Path run, String... more) {
    var arguments = new ArrayList<>(List.of("--vocab=256", "--steps=" + STEPS));
    arguments.add("--checkpoint-every=" + STEPS / 2);
    arguments.addAll(List.of(more));
    return Commands.training(tokens, run, arguments.toArray(String[]::new));
  }

  private List<String> evaluation(Path run, String device) {
    return List.of(
        "evaluate",
        "--device=" + device,
        "--model=" + run,
        "--data=" + tokens,
        "--batches=2",
        "--json");
  }

  private List<String> generation(Path run, String device) {
    return List.of(
        "generate",
        "--device=" + device,
        "--model=" + run,
        "--tokenizer=bytes",
        "--prompt=the lock",
        "--max-tokens=20",
        "--temperature=0");
  }

  private static double loss(Commands.Outcome outcome) {
    var json = LOSS.matcher(outcome.out());
    assertTrue(json.find(), outcome.out());
    return Double.parseDouble(json.group(1));
  }

  private static List<Double> losses(Path run) {
    return Journal.read(run.resolve(Run.JOURNAL)).stream()
        .flatMapToDouble(entry -> entry.number("loss").stream())
        .boxed()
        .toList();
  }

  /// In a JVM that has loaded no library yet.
  private Commands.Outcome onTheGpu(List<String> arguments)
      throws IOException, InterruptedException {
    var out = folder.resolve("out");
    var err = folder.resolve("err");
    int code =
        new ProcessBuilder(ChildCommand.line(libraries, arguments))
            .redirectOutput(out.toFile())
            .redirectError(err.toFile())
            .start()
            .waitFor();
    return new Commands.Outcome(code, Files.readString(out), Files.readString(err));
  }
}
