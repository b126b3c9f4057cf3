package dev.gatun.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// The nine linear layers by DJL and its PyTorch engine, whose jars are in a folder of their own:
/// `-Ppeers` builds it, and so does `./gatun bench --peers`.
final class DjlCases {
  private static final String MAIN = "dev.gatun.bench.djl.Linears";

  private static final int ROUNDS = 7;
  private static final int RUNS = 2000;
  private static final int QUICK = 100;

  private DjlCases() {}

  static List<Case> of(Run run) {
    return List.of(new Case("djl " + Net.LINEARS, run.quick() ? 8 : 20, () -> measure(run)));
  }

  static void requirePeer() throws Exception {
    try (var djl = started(List.of())) {
      djl.line();
    }
  }

  private static Companion started(List<String> words) throws IOException {
    var command = new ArrayList<>(command());
    command.addAll(words);
    return new Companion(Path.of("").toAbsolutePath(), command);
  }

  private static void measure(Run run) throws Exception {
    var folder = Files.createTempDirectory("gatun-peers");
    try {
      measure(run, folder);
    } finally {
      Shell.delete(folder);
    }
  }

  private static void measure(Run run, Path folder) throws Exception {
    try (var device = run.open(1);
        var step = new Step(device, Net.LINEARS)) {
      var agreement = Agreement.onStep(device);
      try (var djl = started(agreement.words(folder))) {
        var version = djl.line();
        agreement.require(version, djl);
        measure(run, step, djl, version);
      }
    }
  }

  private static void measure(Run run, Step step, Companion djl, String version) throws Exception {
    int runs = run.quick() ? QUICK : RUNS;
    djl.microseconds(runs);
    Timing.fitting(run.seconds(), runs, runs, step::replay);
    var times =
        new Turns()
            .with("gatun", step::replay)
            .with("djl", djl)
            .times(run.quick() ? 1 : ROUNDS, runs);
    run.rows()
        .add(
            Row.of(Subject.djl, Net.LINEARS)
                .with("work", "step")
                .with("by", version)
                .with("gatun_us", times.of("gatun"))
                .with("us", times.of("djl"))
                .with("share", times.ratio("gatun", "djl")));
  }

  private static List<String> command() {
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
        MAIN);
  }

  private static Path target() {
    var root = System.getProperty("gatun.root", "");
    return Path.of(root, "bench", "peers", "djl", "target").toAbsolutePath();
  }
}
