package dev.gatun.house;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.QuickJvm;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The Java programs in the README compile and run as they stand there, on the module path, with
/// native access granted to one module only; the one that needs a GPU compiles.
class ReadmeTest {
  private static final Path ROOT = Path.of(System.getProperty("gatun.root"));

  @TempDir Path folder;

  @Test
  void thePerceptronLearnsItsSine() throws Exception {
    var lines = run(programs().get(0)).lines().toList();
    assertEquals(10, lines.size(), lines::toString);
    double last = Double.parseDouble(lines.getLast().replaceAll(".*loss ", ""));
    assertTrue(last < 1e-3, lines::toString);
  }

  @Test
  void oneKernelRunsOnRawMemory() throws Exception {
    assertEquals("layer norm of 4096 rows done", run(programs().get(1)).strip());
  }

  @Test
  void aRecordedStepIsReplayedAndWritten() throws Exception {
    var lines = run(programs().get(2)).lines().toList();
    assertTrue(lines.getFirst().matches("gradient norm \\d+\\.\\d{3}"), lines::toString);
    assertTrue(lines.getLast().matches("\\d+ bytes, \\d+ with .*"), lines::toString);
  }

  @Test
  void sophiaTrainsAndTheHessianMultiplies() throws Exception {
    var lines = run(programs().get(4)).lines().toList();
    assertEquals(4, lines.size(), lines::toString);
    assertTrue(lines.getFirst().matches("loss \\d\\.\\d{4}, \\d+ % not clipped"), lines::toString);
    assertTrue(lines.getLast().startsWith("row 0 of the Hessian times u: "), lines::toString);
    assertEquals(5, programs().size());
  }

  /// It needs a GPU to run.
  @Test
  void theTrainerWithItsMemoryInJcudaCompiles() throws Exception {
    var program = programs().get(3);
    assertTrue(program.contains("JCudaPointers"), program);
    var source = Files.writeString(folder.resolve("Program.java"), program);
    var errors = new ByteArrayOutputStream();
    int code =
        ToolProvider.getSystemJavaCompiler()
            .run(
                null,
                null,
                errors,
                "-Werror",
                "-Xlint:all",
                "-proc:none",
                "-classpath",
                System.getProperty("java.class.path"),
                "-d",
                folder.resolve("classes").toString(),
                source.toString());
    assertEquals(0, code, errors::toString);
  }

  private static List<String> programs() throws Exception {
    var readme = Files.readString(ROOT.resolve("README.md"));
    return Pattern.compile("```java\\n(.*?)```", Pattern.DOTALL)
        .matcher(readme)
        .results()
        .map((MatchResult m) -> m.group(1))
        .toList();
  }

  private String run(String program) throws Exception {
    var source = Files.writeString(folder.resolve("Program.java"), program);
    var output = folder.resolve("output");
    var command = QuickJvm.command();
    command.addAll(List.of("--module-path", modulePath(), "--add-modules", "dev.gatun"));
    command.addAll(List.of("--enable-native-access=dev.gatun", "--illegal-native-access=deny"));
    command.add("-Djava.io.tmpdir=" + folder);
    command.add("-Dgatun.library.path=" + System.getProperty("gatun.library.path"));
    command.add(source.toString());
    int code =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start()
            .waitFor();
    var text = Files.readString(output);
    assertEquals(0, code, text);
    return text;
  }

  /// What this test was given, without test classes.
  private static String modulePath() {
    return Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
        .filter(entry -> entry.contains("jackson") || entry.matches(".*java-api.core.target.*"))
        .reduce((a, b) -> a + File.pathSeparator + b)
        .orElseThrow();
  }
}
