package dev.gatun.tool;

import static org.junit.jupiter.api.Assertions.assertNotEquals;

import dev.gatun.store.OutgoingTensor;
import dev.gatun.store.Safetensors;
import dev.gatun.store.StoredTensor;
import dev.gatun.store.StoredType;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/// Makes data and model folders of which something is wrong, out of good runs in `run` and in
/// `sophia`.
final class BadFiles {
  private static final String HEAD = "lm_head.weight";

  private BadFiles() {}

  /// Does something bad to a file.
  @FunctionalInterface
  private interface Harm {
    void to(Path file) throws IOException;
  }

  static void make(Path folder) throws IOException {
    makeData(folder);
    makeModels(folder);
    makeRuns(folder);
    makeVectors(folder);
  }

  private static void makeData(Path folder) throws IOException {
    Files.createDirectories(folder.resolve("no-files"));
    Files.createDirectories(folder.resolve("not-empty/thing"));
    Files.writeString(folder.resolve("empty.txt"), "");
    Files.writeString(folder.resolve("short.txt"), "short");
    Files.write(folder.resolve("binary"), new byte[] {1, 0, 2});
    Files.write(folder.resolve("odd.bin"), new byte[4001]);
    Files.write(folder.resolve("empty.bin"), new byte[0]);
    Files.write(folder.resolve("foreign.bin"), new byte[] {0x47, 0x47, 0x55, 0x46, 0, 0, 0, 0});
    var tokens = new byte[4000];
    Arrays.fill(tokens, (byte) 1);
    Files.write(folder.resolve("high.bin"), tokens); // each token is 257
  }

  private static void makeModels(Path folder) throws IOException {
    model(folder, "truncated", "model.safetensors", file -> cut(file, 1000));
    model(folder, "foreign", "model.safetensors", file -> Files.writeString(file, "no tensors"));
    model(folder, "no-weights", "model.safetensors", Files::delete);
    model(folder, "llama", "config.json", file -> edit(file, "\"gpt2\"", "\"llama\""));
    model(folder, "cut-config", "config.json", file -> cut(file, 40));
    model(
        folder,
        "other-shape",
        "config.json",
        file -> edit(file, "\"n_embd\" : 16", "\"n_embd\" : 32"));
    model(folder, "headed", "model.safetensors", Files::delete);
    vector(folder, "headed/model.safetensors", values -> values.put(HEAD, new double[1]));
    model(
        folder,
        "headless",
        "config.json",
        file -> edit(file, "embeddings\" : true", "embeddings\" : false"));
  }

  private static void makeRuns(Path folder) throws IOException {
    Files.createDirectories(folder.resolve("bare-run"));
    run(folder, "cut-state", "trainer.json", file -> cut(file, 60));
    run(folder, "foreign-state", "trainer.json", file -> edit(file, "\"lr\"", "\"rate\""));
    run(folder, "no-optimizer", "optimizer.safetensors", Files::delete);
    from(folder, "sophia", "no-gamma", "trainer.json", file -> edit(file, "\"gamma\"", "\"rho\""));
    from(
        folder,
        "sophia",
        "other-mover",
        "trainer.json",
        file -> edit(file, "\"sophia-g\"", "\"adamw\""));
    run(folder, "cut-weights", "model.safetensors", file -> cut(file, 1000));
  }

  /// A model's own file is a vector as well as any.
  private static void makeVectors(Path folder) {
    var norm = "transformer.ln_f.weight";
    vector(folder, "good-vector", values -> {});
    vector(folder, "lacking-vector", values -> values.remove(norm));
    vector(folder, "short-vector", values -> values.put(norm, new double[15]));
    vector(folder, "nan-vector", values -> values.get(norm)[3] = Double.NaN);
    vector(folder, "large-vector", values -> values.get(norm)[3] = 1e300);
    vector(folder, "foreign-vector", values -> values.put("transformer.ln_x", new double[1]));
    vector(folder, "headed-vector", values -> values.put(HEAD, new double[1]));
  }

  /// Each tensor as the model has it, in fp64, unless it got another length: then of one axis.
  private static void vector(Path folder, String name, Consumer<Map<String, double[]>> harm) {
    try (var model = Safetensors.open(folder.resolve("run/latest/model.safetensors"))) {
      var values = new TreeMap<String, double[]>();
      model.tensors().forEach(of -> values.put(of.name(), model.doubles(of.name())));
      harm.accept(values);
      var tensors = new ArrayList<OutgoingTensor>();
      values.forEach(
          (tensor, elements) -> {
            boolean fits = model.has(tensor) && model.tensor(tensor).elements() == elements.length;
            var shape = fits ? model.tensor(tensor).shape() : List.of((long) elements.length);
            var bytes = Arena.ofAuto().allocate(8L * elements.length, 8);
            bytes.copyFrom(MemorySegment.ofArray(elements));
            tensors.add(OutgoingTensor.of(new StoredTensor(tensor, StoredType.F64, shape), bytes));
          });
      Safetensors.write(folder.resolve(name), tensors);
    }
  }

  private static void model(Path folder, String name, String file, Harm harm) throws IOException {
    model(folder, "run", name, file, harm);
  }

  private static void model(Path folder, String from, String name, String file, Harm harm)
      throws IOException {
    copy(folder.resolve(from + "/latest"), folder.resolve(name));
    harm.to(folder.resolve(name).resolve(file));
  }

  private static void run(Path folder, String name, String file, Harm harm) throws IOException {
    from(folder, "run", name, file, harm);
  }

  private static void from(Path folder, String good, String name, String file, Harm harm)
      throws IOException {
    Files.createDirectories(folder.resolve(name));
    model(folder, good, name + "/step-4", file, harm);
  }

  private static void copy(Path from, Path to) throws IOException {
    Files.createDirectory(to);
    try (var files = Files.list(from)) {
      for (var file : files.toList()) Files.copy(file, to.resolve(file.getFileName().toString()));
    }
  }

  private static void cut(Path file, int bytes) throws IOException {
    Files.write(file, Arrays.copyOf(Files.readAllBytes(file), bytes));
  }

  private static void edit(Path file, String what, String by) throws IOException {
    var text = Files.readString(file);
    assertNotEquals(text, text.replace(what, by), file + " has no " + what);
    Files.writeString(file, text.replace(what, by));
  }
}
