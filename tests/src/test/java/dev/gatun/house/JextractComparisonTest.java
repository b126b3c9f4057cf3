package dev.gatun.house;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.QuickJvm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The comparison with jextract tells agreement from difference. Its input is written here in the
/// form that jextract 22 and later give their classes.
class JextractComparisonTest {
  private static final Path ROOT = Path.of(System.getProperty("gatun.root"));
  private static final String KERNELS =
      """
      private static final MethodHandle SCOPE_ALLOCATE =
          NativeLibrary.handle(NativeLibrary.ADDRESS, NativeLibrary.ADDRESS, NativeLibrary.JAVA_LONG);
      private static final MethodHandle FILL =
          NativeLibrary.handle(NativeLibrary.ADDRESS, NativeLibrary.JAVA_DOUBLE, NativeLibrary.JAVA_INT);
      """;
  private static final String JEXTRACTED =
      """
      public static final OfInt gatun_dtype = gatun_h.C_INT;
      private static class gatun_scope_allocate {
          public static final FunctionDescriptor DESC = FunctionDescriptor.of(
              gatun_h.C_INT,
              gatun_h.C_POINTER,
              gatun_h.C_POINTER,
              gatun_h.C_LONG
          );
      }
      private static class gatun_fill {
          public static final FunctionDescriptor DESC = FunctionDescriptor.of(
              gatun_h.C_INT,
              gatun_h.C_POINTER,
              gatun_h.C_DOUBLE,
              gatun_h.gatun_dtype
          );
      }
      """;

  @TempDir Path folder;

  @Test
  void equalDescriptorsAgree() throws Exception {
    assertEquals(0, compare(JEXTRACTED));
  }

  @Test
  void anArgumentOfAnotherTypeIsFound() throws Exception {
    assertEquals(1, compare(JEXTRACTED.replace("C_DOUBLE", "C_LONG")));
    assertTrue(Files.readString(folder.resolve("answer")).contains("gatun_fill"));
  }

  @Test
  void aMissingFunctionIsFound() throws Exception {
    assertEquals(1, compare(JEXTRACTED.replace("gatun_fill", "gatun_filled")));
  }

  private int compare(String jextracted) throws IOException, InterruptedException {
    var sources = Files.createDirectories(folder.resolve("jextract"));
    var kernels = Files.writeString(folder.resolve("Kernels.java"), KERNELS);
    Files.writeString(sources.resolve("gatun_h.java"), jextracted);
    var program = ROOT.resolve("java-api/build/CompareWithJextract.java").toString();
    var command = QuickJvm.command();
    command.addAll(List.of(program, kernels.toString(), sources.toString()));
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(folder.resolve("answer").toFile())
        .start()
        .waitFor();
  }
}
