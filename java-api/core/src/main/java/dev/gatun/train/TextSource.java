package dev.gatun.train;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import java.util.zip.ZipFile;

/// Many named files that may be texts: a folder or a zip. Reading is safe from any thread.
///
/// Paths are relative, with `/` between names, sorted; names that begin with a dot, and all below
/// them, are left out.
sealed interface TextSource extends Closeable {
  /// One file: its relative path and its size in bytes.
  record File(String path, long bytes) {}

  List<File> files();

  byte[] read(File file) throws IOException;

  static TextSource open(Path path) throws IOException {
    return Files.isDirectory(path) ? Folder.open(path) : Zip.open(path);
  }

  /// What people wrote in a project's folder, without what its build leaves there: logs and
  /// generated files, which come and go.
  static TextSource openProject(Path root) throws IOException {
    var written =
        Folder.open(root).files().stream().filter(file -> isWritten(file.path())).toList();
    return new Folder(root, written);
  }

  private static boolean isWritten(String path) {
    return !("/" + path).contains("/target/")
        && WRITTEN.contains(path.substring(path.lastIndexOf('.') + 1));
  }

  /// Endings of source files.
  Set<String> WRITTEN = Set.of("java", "c", "h", "cpp", "cu", "cuh", "py", "md", "xml");

  static boolean hidden(String path) {
    return path.startsWith(".") || path.contains("/.");
  }

  record Folder(Path root, List<File> files) implements TextSource {
    static Folder open(Path root) throws IOException {
      try (var walk = Files.walk(root)) {
        return new Folder(root, walk.flatMap(path -> file(root, path)).sorted(BY_PATH).toList());
      }
    }

    private static Stream<File> file(Path root, Path path) {
      var relative = root.relativize(path).toString().replace('\\', '/');
      if (hidden(relative) || !Files.isRegularFile(path)) return Stream.empty();
      return Stream.of(new File(relative, path.toFile().length()));
    }

    @Override
    public byte[] read(File file) throws IOException {
      return Files.readAllBytes(root.resolve(file.path()));
    }

    @Override
    public void close() {}
  }

  record Zip(ZipFile zip, List<File> files) implements TextSource {
    static Zip open(Path path) throws IOException {
      var zip = new ZipFile(path.toFile());
      var files =
          zip.stream()
              .filter(entry -> !entry.isDirectory() && !hidden(entry.getName()))
              .map(entry -> new File(entry.getName(), Math.max(0, entry.getSize())))
              .sorted(BY_PATH)
              .toList();
      return new Zip(zip, files);
    }

    @Override
    public byte[] read(File file) throws IOException {
      try (var in = zip.getInputStream(zip.getEntry(file.path()))) {
        return in.readAllBytes();
      }
    }

    @Override
    public void close() throws IOException {
      zip.close();
    }
  }

  Comparator<File> BY_PATH = Comparator.comparing(File::path);
}
