package dev.gatun.bench;

import dev.gatun.ffi.Backend;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// The C program that a recording writes, compiled: the same step without a JVM.
final class WrittenProgram implements AutoCloseable {
  private final Path folder;
  private final String threads;
  private final List<Companion> started = new ArrayList<>();

  WrittenProgram(Step step, String backend, int threads) throws Exception {
    this.threads = Integer.toString(threads);
    folder = Files.createTempDirectory("gatun-step");
    step.recording().writeC(folder);
    Shell.unpacked("gatun.h", folder);
    var library = Backend.file(backend).toAbsolutePath();
    Shell.said(
        folder,
        List.of(
            "cc",
            "-O2",
            "-I.",
            "step.c",
            library.toString(),
            "-Wl,-rpath," + library.getParent(),
            "-lm",
            "-o",
            "step"));
  }

  /// One that runs until this is closed, and begins where it was written.
  Companion started() throws IOException {
    var begun = new Companion(folder, List.of("./step", "-", threads));
    started.add(begun);
    return begun;
  }

  /// Fails unless one step of the program leaves the bits that one replay leaves.
  void requireSameBits(Step step) throws Exception {
    Shell.said(folder, List.of("./step", "1", threads));
    step.recording().replay();
    var replayed = Files.createTempDirectory("gatun-step");
    try {
      step.recording().writeC(replayed);
      long differs = Files.mismatch(folder.resolve("after.bin"), replayed.resolve("buffers.bin"));
      if (differs >= 0) {
        throw new BenchFailure("the C program and the replay differ at byte %d", differs);
      }
    } finally {
      Shell.delete(replayed);
    }
  }

  @Override
  public void close() throws IOException {
    for (var each : started) each.close();
    Shell.delete(folder);
  }
}
