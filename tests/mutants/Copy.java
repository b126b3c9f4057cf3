import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// A copy of the sources at `root`, in the folder `work`, into which faults are planted. It keeps
/// its builds, so that a fault costs the compilation of what includes it.
record Copy(Path root, String dnnl, Path work) {
  private static final List<String> SOURCES =
      List.of("native", "kernels", "bench/native", "java-api");

  /// Copies what differs, and forgets what is no longer there.
  void refresh() throws IOException {
    for (var source : SOURCES) {
      var from = root.resolve(source);
      var to = work.resolve(source);
      for (var inside : files(from)) {
        var copy = to.resolve(inside);
        Files.createDirectories(copy.getParent());
        if (Files.exists(copy) && Files.mismatch(from.resolve(inside), copy) < 0) continue;
        Files.copy(from.resolve(inside), copy, StandardCopyOption.REPLACE_EXISTING);
      }
      for (var inside : files(to)) {
        if (!Files.exists(from.resolve(inside))) Files.delete(to.resolve(inside));
      }
    }
  }

  private static List<Path> files(Path folder) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      return all.filter(Files::isRegularFile)
          .map(folder::relativize)
          .filter(inside -> !inside.toString().matches("(.*/)?target/.*"))
          .toList();
    }
  }

  /// Where the copy's native part is built with some options of its own.
  Path configured(String name, String... options) throws IOException, InterruptedException {
    var folder = work.resolve(name);
    var words = new ArrayList<>(List.of("cmake", "-S", work + "/native", "-B", folder.toString()));
    words.add("-DGATUN_DNNL_DIR=" + dnnl);
    words.add("-DCMAKE_CUDA_COMPILER=NOTFOUND");
    words.add("--compile-no-warning-as-error"); // a fault may leave something that nobody uses
    words.addAll(List.of(options));
    require(words);
    return folder;
  }

  void build(Path folder, String... targets) throws IOException, InterruptedException {
    var jobs = String.valueOf(Runtime.getRuntime().availableProcessors());
    var words = new ArrayList<>(List.of("cmake", "--build", folder.toString(), "--parallel", jobs));
    words.add("--target");
    words.addAll(List.of(targets));
    require(words);
  }

  /// Does some work while a fault is in the copy.
  <T> T planted(Mutant mutant, Callable<T> worked) {
    var file = work.resolve(mutant.file());
    try {
      var sound = Files.readString(file);
      Files.writeString(file, mutant.applyTo(sound));
      try {
        return worked.call();
      } finally {
        Files.writeString(file, sound);
      }
    } catch (Exception broken) {
      throw new IllegalStateException(mutant.name() + ": " + broken.getMessage(), broken);
    }
  }

  void require(List<String> words) throws IOException, InterruptedException {
    if (run(new ProcessBuilder(words), 60) == 0) return;
    throw new IllegalStateException("a command failed: see " + log());
  }

  /// The exit status of a command, whose output goes to the log; not 0 where it has not ended after
  /// so many minutes.
  int run(ProcessBuilder command, int minutes) throws IOException, InterruptedException {
    Files.createDirectories(work);
    var process =
        command
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log()))
            .start();
    if (process.waitFor(minutes, TimeUnit.MINUTES)) return process.exitValue();
    return process.destroyForcibly().waitFor();
  }

  File log() {
    return work.resolve("log").toFile();
  }

  /// A tool of the JDK that runs this.
  static String java(String tool) {
    return Path.of(System.getProperty("java.home"), "bin", tool).toString();
  }
}
