package dev.gatun.bench;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// The nine linear layers by DJL and its PyTorch engine, whose jars are in a folder of their own:
/// `-Ppeers` builds it, and so does `./gatun bench --peers`.
final class DjlCases {
  private static final String MAIN = "dev.gatun.bench.djl.Linears";

  private DjlCases() {}

  static List<Case> of(Run run) {
    return List.of(new Case("djl " + Net.LINEARS, run.quick() ? 8 : 20, () -> measure(run)));
  }

  private static void measure(Run run) throws Exception {
    var said = Shell.said(Path.of("").toAbsolutePath(), command(run));
    run.rows()
        .add(
            Row.of(Subject.djl, Net.LINEARS)
                .with("by", said.substring(said.indexOf(' ') + 1))
                .with("us", Double.parseDouble(said.substring(0, said.indexOf(' ')))));
  }

  private static List<String> command(Run run) {
    var target = target();
    if (!Files.isDirectory(target.resolve("lib"))) {
      throw new BenchFailure(
          "DJL is not here: %s is made by ./mvnw -Ppeers -pl bench/peers/djl package", target);
    }
    return List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "--enable-native-access=ALL-UNNAMED",
        "-XX:+UseSerialGC",
        "-Dai.djl.offline=true",
        "-DDJL_CACHE_DIR=" + target.resolve("cache"),
        "-cp",
        target.resolve("djl.jar") + ":" + target.resolve("lib") + "/*",
        MAIN,
        run.quick() ? "200" : "5000");
  }

  private static Path target() {
    var root = System.getProperty("gatun.root", "");
    return Path.of(root, "bench", "peers", "djl", "target").toAbsolutePath();
  }
}
