package dev.gatun.tool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.QuickJvm;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// As named modules, of which `dev.gatun` alone may reach native code, the tool works.
class NamedModuleTest {
  @TempDir Path folder;

  @Test
  @Timeout(60)
  void theDoctorFindsTheLibrary() throws Exception {
    var printed = run("dev.gatun", 0, List.of("doctor"));
    assertTrue(printed.contains("libgatun_cpu.so"), printed);
  }

  @Test
  @Timeout(60)
  void aModelTrains() throws Exception {
    var texts = Commands.texts(folder.resolve("texts"), 1);
    var out = folder.resolve("run");
    run("dev.gatun", 0, Commands.training(texts, out, "--steps=2"));
    assertTrue(Files.isDirectory(out.resolve("step-2")));
  }

  @Test
  @Timeout(60)
  void withoutTheGrantItSaysWhichOneIsMissing() throws Exception {
    var texts = Commands.texts(folder.resolve("texts"), 1);
    var arguments = Commands.training(texts, folder.resolve("run"), "--steps=2");
    var printed = run("dev.gatun.tool", 1, arguments);
    assertTrue(printed.contains("--enable-native-access=dev.gatun"), printed);
  }

  private static String run(String granted, int code, List<String> arguments)
      throws IOException, InterruptedException {
    var line = QuickJvm.command();
    line.addAll(List.of("--module-path", modulePath(), "--add-modules", "ALL-MODULE-PATH"));
    line.addAll(List.of("--enable-native-access=" + granted, "--illegal-native-access=deny"));
    line.add("-Dgatun.library.path=" + System.getProperty("gatun.library.path"));
    line.addAll(List.of("-m", "dev.gatun.tool/" + Main.class.getName()));
    line.addAll(arguments);
    var child = new ProcessBuilder(line).redirectErrorStream(true).start();
    var printed = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(code, child.waitFor(), printed);
    return printed;
  }

  /// Of this JVM's class path, the modules of this project and the jars that `dev.gatun.tool` asks
  /// for.
  private static String modulePath() {
    return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
        .filter(NamedModuleTest::isNeeded)
        .collect(Collectors.joining(File.pathSeparator));
  }

  private static boolean isNeeded(String entry) {
    var name = Path.of(entry).getFileName().toString();
    return Files.exists(Path.of(entry, "module-info.class"))
        || name.matches("gatun-((tool|scaling)-)?[0-9].*\\.jar")
        || name.matches("(jackson|hipparchus|picocli|jtokkit|progressbar|jline|xchart).*\\.jar");
  }
}
