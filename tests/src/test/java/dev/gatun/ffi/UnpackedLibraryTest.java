package dev.gatun.ffi;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.gatun.QuickJvm;
import dev.gatun.memory.Device;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A program that has the jars and names no folder: the libraries come out of the jars into the
/// user's cache, once.
class UnpackedLibraryTest {
  private static final String CLASS_PATH = System.getProperty("java.class.path");

  @TempDir Path cache;
  @TempDir Path folder;

  private static final String CUDA = "dev/gatun/natives/linux-x86_64/libgatun_cuda.so";

  /// What the child JVM runs: opens the device of a backend and says which files it has mapped.
  static final class Opens {
    public static void main(String[] arguments) throws IOException {
      try (var device = arguments[0].equals("cuda") ? Device.cuda(0) : Device.cpu(1)) {
        System.out.println(device.backend());
        Files.lines(Path.of("/proc/self/maps")).forEach(System.out::println);
      }
    }
  }

  @Test
  @Timeout(60)
  void theJarsUnpackThemselvesAndAreFoundAgainUnlessDamaged() throws Exception {
    assertTrue(open(0).contains(cache.toString()), "no library in use lies in the cache");
    var unpacked = files();
    assertEquals(3, unpacked.size(), () -> unpacked.toString());
    var before = Files.getLastModifiedTime(unpacked.getFirst());
    open(0);
    assertEquals(unpacked, files());
    assertEquals(before, Files.getLastModifiedTime(unpacked.getFirst()));
    for (var file : files()) Files.writeString(file, "damaged");
    open(0);
  }

  @Test
  @Timeout(60)
  void aCacheThatCannotBeWrittenIsNamed() throws Exception {
    var blocked = Files.writeString(cache.resolve("file"), "").resolve("below");
    var printed = open(1, blocked, CLASS_PATH, "cpu");
    assertTrue(printed.contains("cannot unpack libgatun_cpu.so into " + blocked), printed);
  }

  /// The jar of the CUDA backend, here in the shape of a folder, with the emulator in its place.
  @Test
  @Timeout(60)
  void theCudaBackendIsFoundInAJarOfItsOwn() throws Exception {
    var without = open(1, cache, CLASS_PATH, "cuda");
    assertTrue(without.contains("no jar holds " + CUDA), without);
    var built = Path.of(System.getProperty("gatun.library.path"), "libgatun_emu.so");
    var library = folder.resolve(CUDA);
    Files.createDirectories(library.getParent());
    Files.copy(built, library);
    var with = open(0, cache, CLASS_PATH + File.pathSeparator + folder, "cuda");
    assertTrue(with.matches("(?s)cuda\n.*" + cache + "\\S+libgatun_cuda.so.*"), with);
  }

  @Test
  void theBuildPacksTheCudaBackendWhereItWasBuilt() throws IOException {
    var built = Path.of(System.getProperty("gatun.cuda.build"), "libgatun_cuda.so");
    assumeTrue(Files.exists(built), "there is no nvcc");
    var target = Path.of(System.getProperty("gatun.root"), "native", "target");
    try (var jars = Files.newDirectoryStream(target, "gatun-native-*-linux-x86_64-cuda.jar")) {
      try (var jar = new ZipFile(jars.iterator().next().toFile())) {
        var packed = jar.getInputStream(jar.getEntry(CUDA)).readAllBytes();
        assertArrayEquals(Files.readAllBytes(built), packed);
      }
    }
  }

  private String open(int code) throws IOException, InterruptedException {
    return open(code, cache, CLASS_PATH, "cpu");
  }

  private static String open(int code, Path folder, String classPath, String backend)
      throws IOException, InterruptedException {
    var command = QuickJvm.command();
    command.add("--enable-native-access=ALL-UNNAMED");
    command.addAll(List.of("-cp", classPath, Opens.class.getName(), backend));
    var line = new ProcessBuilder(command);
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
