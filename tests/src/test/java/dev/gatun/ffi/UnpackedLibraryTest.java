package dev.gatun.ffi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.memory.Device;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A program that has the jars and names no folder: the libraries come out of the jars into the
/// user's cache, once.
class UnpackedLibraryTest {
  @TempDir Path cache;

  /// What the child JVM runs: says which files it has mapped.
  static final class Opens {
    public static void main(String[] arguments) throws IOException {
      try (var device = Device.cpu(1)) {
        System.out.println(device.backend());
        Files.lines(Path.of("/proc/self/maps")).forEach(System.out::println);
      }
    }
  }

  @Test
  @Timeout(60)
  void theJarsUnpackThemselvesAndAreFoundAgain() throws Exception {
    assertTrue(open(0).contains(cache.toString()), "no library in use lies in the cache");
    var unpacked = files();
    assertEquals(3, unpacked.size(), () -> unpacked.toString());
    var before = Files.getLastModifiedTime(unpacked.getFirst());
    open(0);
    assertEquals(unpacked, files());
    assertEquals(before, Files.getLastModifiedTime(unpacked.getFirst()));
  }

  @Test
  @Timeout(60)
  void aDamagedFileIsReplaced() throws Exception {
    open(0);
    for (var file : files()) Files.writeString(file, "damaged");
    open(0);
  }

  @Test
  @Timeout(60)
  void aCacheThatCannotBeWrittenIsNamed() throws Exception {
    var blocked = Files.writeString(cache.resolve("file"), "").resolve("below");
    var printed = open(1, blocked);
    assertTrue(printed.contains("cannot unpack libgatun_cpu.so into " + blocked), printed);
  }

  private String open(int code) throws IOException, InterruptedException {
    return open(code, cache);
  }

  private static String open(int code, Path folder) throws IOException, InterruptedException {
    var line =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:+UseSerialGC",
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            Opens.class.getName());
    line.environment().put("GATUN_CACHE", folder.toString());
    line.environment().remove("GATUN_LIBRARY_PATH");
    var child = line.redirectErrorStream(true).start();
    var printed = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(code, child.waitFor(), printed);
    return printed;
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.walk(cache)) {
      return files.filter(Files::isRegularFile).sorted().toList();
    }
  }
}
