package dev.gatun.bench;

import dev.gatun.ffi.Backend;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/// A library of Gatun's whose kernels do nothing: memory, streams, copies and recordings are those
/// of the real one, which it links. What a step takes over it is what Java takes between the calls,
/// the crossings included.
final class EmptyKernels implements AutoCloseable {
  private static final Pattern KERNEL =
      Pattern.compile("gatun_status (gatun_\\w+)\\(\\s*gatun_stream\\* stream[,)]");
  private static final Pattern RUNTIME =
      Pattern.compile("gatun_(stream|event|scope|device|pinned|recording|copy)\\w*");

  private final Path folder;

  EmptyKernels(String backend) throws Exception {
    folder = Files.createTempDirectory("gatun-empty");
    Files.writeString(folder.resolve("empty.c"), source());
    var library = Backend.file(backend).toAbsolutePath();
    Shell.said(
        folder,
        List.of(
            "cc",
            "-shared",
            "-fPIC",
            "-O2",
            "empty.c",
            "-Wl,-soname,empty",
            "-Wl,--no-as-needed",
            library.toString(),
            "-Wl,-rpath," + library.getParent(),
            "-o",
            library.getFileName().toString()));
  }

  /// The folder for `gatun.library.path`.
  Path folder() {
    return folder;
  }

  private static String source() throws IOException {
    var source = new StringBuilder();
    for (var name : kernels()) source.append("int %s(void) { return 0; }%n".formatted(name));
    return source.toString();
  }

  private static List<String> kernels() throws IOException {
    try (var header = EmptyKernels.class.getResourceAsStream("gatun.h")) {
      var text = new String(header.readAllBytes(), StandardCharsets.UTF_8);
      return KERNEL
          .matcher(text)
          .results()
          .map((MatchResult found) -> found.group(1))
          .filter(name -> !RUNTIME.matcher(name).matches())
          .toList();
    }
  }

  @Override
  public void close() throws IOException {
    Shell.delete(folder);
  }
}
