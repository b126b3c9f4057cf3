import com.google.googlejavaformat.java.Formatter;
import com.google.googlejavaformat.java.RemoveUnusedImports;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/// Holds every source to one layout: Java to google-java-format, C and C++ to clang-format 14 where
/// it is found. Arguments: `check` (fail and name the files) or `write` (rewrite them), then the
/// root of the project.
void main(String[] args) throws Exception {
  boolean write = args[0].equals("write");
  var root = Path.of(args[1]);
  var work = new ArrayList<Callable<List<Path>>>();
  for (var file : sources(root, ".java")) work.add(() -> crookedJava(file, write));
  for (var files : inLots(sourcesInC(root))) work.add(() -> crookedByClang(files, write));
  var crooked = new ArrayList<Path>();
  try (var threads = Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors())) {
    for (var done : threads.invokeAll(work)) {
      done.get().forEach(file -> crooked.add(root.relativize(file)));
    }
  }
  if (crooked.isEmpty() || write) return;
  crooked.forEach(file -> System.err.println("not formatted: " + file));
  System.err.println("`./mvnw -N validate -Dformat=write` mends this");
  System.exit(1);
}

List<Path> sources(Path root, String... endings) throws IOException {
  var found = new ArrayList<Path>();
  for (var top : List.of("native", "java-api", "kernels", "bench", "tests")) {
    try (Stream<Path> all = Files.walk(root.resolve(top))) {
      all.filter(file -> Stream.of(endings).anyMatch(file.toString()::endsWith))
          .filter(file -> !root.relativize(file).toString().contains("target/"))
          .forEach(found::add);
    }
  }
  return found;
}

List<Path> crookedJava(Path file, boolean write) throws Exception {
  var text = Files.readString(file);
  var straight = new Formatter().formatSource(RemoveUnusedImports.removeUnusedImports(text));
  if (straight.equals(text)) return List.of();
  if (write) Files.writeString(file, straight);
  return List.of(file);
}

List<Path> sourcesInC(Path root) throws Exception {
  if (!clangFormatMajor().equals("14")) {
    System.out.println(
        "clang-format 14 is not installed: the layout of C and C++ sources is not checked");
    return List.of();
  }
  var files = sources(root, ".c", ".h", ".cpp", ".cu", ".cuh");
  files.removeIf(file -> file.endsWith("gatun.h")); // laid out by hand: it is read as a table
  return files;
}

/// To start a process for each file takes as long as what it does.
List<List<Path>> inLots(List<Path> files) {
  int lot = 32;
  return IntStream.range(0, (files.size() + lot - 1) / lot)
      .mapToObj(i -> files.subList(i * lot, Math.min((i + 1) * lot, files.size())))
      .toList();
}

List<Path> crookedByClang(List<Path> files, boolean write) throws Exception {
  var command = new ArrayList<>(List.of("clang-format"));
  command.addAll(write ? List.of("-i") : List.of("--dry-run", "-Werror"));
  files.forEach(file -> command.add(file.toString()));
  var process = new ProcessBuilder(command).redirectErrorStream(true).start();
  var said = new String(process.getInputStream().readAllBytes());
  if (process.waitFor() == 0) return List.of();
  return files.stream().filter(file -> said.contains(file + ":")).toList();
}

String clangFormatMajor() throws InterruptedException {
  try {
    var process = new ProcessBuilder("clang-format", "--version").start();
    var answer = new String(process.getInputStream().readAllBytes());
    process.waitFor();
    return answer.replaceAll("(?s).*version (\\d+).*", "$1");
  } catch (IOException absent) {
    return "none";
  }
}
