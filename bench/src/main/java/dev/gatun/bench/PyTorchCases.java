package dev.gatun.bench;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/// The same steps and products by PyTorch, through the scripts of `bench/peers`. GATUN_PYTHON names
/// a Python that has torch and transformers.
final class PyTorchCases {
  private static final String PYTHON = System.getenv().getOrDefault("GATUN_PYTHON", "python3");

  private static final String[] GPTS = {"gpt2-14m", "gpt2-124m", "gpt2-1k-context"};

  private PyTorchCases() {}

  static List<Case> of(Run run) {
    if (run.quick()) return List.of(of(run, 3, "train_step.py", Net.LINEARS));
    var cases = new ArrayList<Case>();
    cases.add(of(run, 20, "train_step.py", Net.LINEARS, Net.TINY_GPT));
    cases.add(of(run, 100, "train_step.py", GPTS));
    if (Environment.multipliesBf16()) cases.add(of(run, 100, "train_step.py", inBf16()));
    cases.add(of(run, 120, "second_order.py", "gpt2-14m", "gpt2-1k-context"));
    return cases;
  }

  /// Without instructions for it a step of PyTorch takes minutes.
  private static String[] inBf16() {
    return Stream.of(GPTS).map(name -> name + Net.IN_BF16).toArray(String[]::new);
  }

  private static Case of(Run run, double seconds, String script, String... sizes) {
    return new Case("pytorch " + script, seconds, () -> measure(run, script, List.of(sizes)));
  }

  private static void measure(Run run, String script, List<String> sizes) throws Exception {
    var folder = Files.createTempDirectory("gatun-peers");
    try {
      for (var name : List.of("train_step.py", "second_order.py")) {
        Shell.unpacked("peers/" + name, folder);
      }
      for (var size : sizes) {
        for (var line : Shell.said(folder, command(run, script, size)).lines().toList()) {
          run.rows().add(row(line));
        }
      }
    } finally {
      Shell.delete(folder);
    }
  }

  private static List<String> command(Run run, String script, String size) {
    int all = run.threads() > 0 ? run.threads() : Runtime.getRuntime().availableProcessors();
    int threads = Net.isTiny(size) ? 1 : all;
    return List.of(PYTHON, Path.of(script).toString(), size, "--threads", "" + threads);
  }

  private static Row row(String line) throws IOException {
    Map<String, Object> told = JSON.std.mapFrom(line);
    var row = Row.of(Subject.pytorch, told.get("size").toString());
    row.with("work", told.get("what").toString()).with("by", told.get("peer").toString());
    return row.with("us", 1e3 * ((Number) told.get("ms")).doubleValue());
  }
}
