package common;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// The command `./gatun`, run from the project's folder.
public final class Gatun {
  private Gatun() {}

  /// Builds what is stale, once for all that follow.
  public static void build() throws Exception {
    if (new ProcessBuilder("./gatun", "--version").inheritIO().start().waitFor() != 0) {
      throw new IllegalStateException("./gatun --version failed");
    }
  }

  /// Two at a time, since each keeps one core at work; what comes of each, in order.
  public static <T> List<T> byTwos(List<? extends Callable<T>> work) throws Exception {
    try (var two = Executors.newFixedThreadPool(2)) {
      var found = new ArrayList<T>();
      for (var end : two.invokeAll(work)) found.add(end.get());
      return found;
    }
  }

  /// Trains into `folder`, or goes on there after an interruption, and keeps the journal's numbers
  /// and the most memory as `record`. A run that stops because its loss is no number has one too.
  public static void train(Path folder, List<String> options, Path record) throws Exception {
    var words = new ArrayList<>(List.of("train"));
    if (Files.exists(folder.resolve("latest"))) {
      words.add("--resume=" + folder);
    } else {
      delete(folder);
      words.add("--out=" + folder);
      words.addAll(options);
    }
    var run = run(folder, words);
    var rows = Rows.read(folder.resolve("journal.jsonl")).condensed();
    if (!run.good() && !Files.readString(run.log()).contains("training stops")) {
      throw new IllegalStateException(folder + " failed: see " + run.log());
    }
    Files.createDirectories(record.getParent());
    rows.withPeak(run.peakBytes()).write(record);
  }

  /// Grows a model into `folder`, anew where it was interrupted.
  public static void grow(Path folder, List<String> options) throws Exception {
    delete(folder);
    var words = new ArrayList<>(List.of("grow", "--out=" + folder));
    words.addAll(options);
    var run = run(folder, words);
    if (!run.good()) throw new IllegalStateException(folder + " failed: see " + run.log());
  }

  private record Ended(boolean good, long peakBytes, Path log) {}

  private static Ended run(Path folder, List<String> words) throws Exception {
    var line = new ArrayList<>(List.of("./gatun"));
    line.addAll(words);
    var log = folder.resolveSibling(folder.getFileName() + ".log");
    var process =
        new ProcessBuilder(line).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    long peak = 0;
    while (!process.waitFor(200, TimeUnit.MILLISECONDS)) peak = Math.max(peak, resident(process));
    return new Ended(process.exitValue() == 0, peak, log);
  }

  /// The most memory that the process has held, in bytes.
  private static long resident(Process process) {
    try (Stream<String> lines = Files.lines(Path.of("/proc/%d/status".formatted(process.pid())))) {
      return lines
          .filter(line -> line.startsWith("VmHWM:"))
          .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
          .findFirst()
          .orElse(0);
    } catch (IOException ended) {
      return 0;
    }
  }

  private static void delete(Path folder) throws IOException {
    if (!Files.exists(folder)) return;
    try (Stream<Path> all = Files.walk(folder)) {
      for (var file : all.sorted(Comparator.reverseOrder()).toList()) Files.delete(file);
    }
  }
}
