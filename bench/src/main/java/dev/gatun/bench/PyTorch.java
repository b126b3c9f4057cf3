package dev.gatun.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// A work of `bench/peers/pytorch.py`. GATUN_PYTHON names a Python that has torch and transformers.
final class PyTorch implements AutoCloseable {
  private static final String PYTHON = System.getenv().getOrDefault("GATUN_PYTHON", "python3");

  private final Path folder;
  private final Companion program;
  private final String version;

  /// By the names that the script has for them.
  enum Work {
    step,
    gradient,
    gradientAndProduct,
    attention,
    adamw
  }

  /// Fails where it does not find what is agreed.
  PyTorch(Work work, String name, int threads, Agreement agreement) throws Exception {
    folder = Files.createTempDirectory("gatun-peers");
    Shell.unpacked("peers/pytorch.py", folder);
    int all = threads > 0 ? threads : Runtime.getRuntime().availableProcessors();
    var command = new ArrayList<>(List.of(PYTHON, "pytorch.py", work.name(), name));
    command.addAll(List.of("--threads", "" + all));
    command.addAll(agreement.words(folder));
    program = new Companion(folder, command);
    try {
      version = program.line();
      agreement.require(version, program);
    } catch (Exception disagreement) {
      close();
      throw disagreement;
    }
  }

  static void requireHere() throws Exception {
    try {
      new PyTorch(Work.step, Net.LINEARS, 1, Agreement.NONE).close();
    } catch (BenchFailure absent) {
      throw new BenchFailure(
          "PyTorch is not here; GATUN_PYTHON names a Python that has torch and transformers: %s",
          absent.getMessage());
    }
  }

  Companion program() {
    return program;
  }

  String version() {
    return version;
  }

  @Override
  public void close() throws IOException {
    program.close();
    Shell.delete(folder);
  }
}
