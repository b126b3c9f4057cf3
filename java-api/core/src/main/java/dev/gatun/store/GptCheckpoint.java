package dev.gatun.store;

import dev.gatun.memory.Scope;
import dev.gatun.nn.Gpt;
import dev.gatun.nn.GptConfig;
import dev.gatun.nn.Parameters;
import dev.gatun.nn.Rounding;
import dev.gatun.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/// A GPT-2 as a folder that Hugging Face's `GPT2LMHeadModel.from_pretrained` loads as it is:
/// `config.json` and `model.safetensors` with its names and shapes. Of weights with masters it is
/// these. Weights are streamed; at most a chunk of them is on the host.
public final class GptCheckpoint {
  /// The file's name in a model folder.
  public static final String WEIGHTS = "model.safetensors";

  /// What Hugging Face puts before the names of parameters, the head's apart; files without it
  /// are read too.
  static final String PREFIX = "transformer.";

  static final String HEAD = "lm_head.weight";

  private GptCheckpoint() {}

  /// Writes both files into `folder`, which exists.
  public static void write(Path folder, Gpt gpt) {
    configFile(gpt.config()).write(folder);
    var tensors = new ArrayList<OutgoingTensor>();
    var parameters = gpt.parameters();
    for (var name : parameters.names()) {
      var shape = parameters.get(name).shape().with(0, gpt.storedRows(name));
      var stored = stored(PREFIX, name);
      tensors.add(DeviceTensors.outgoing(parameters, stored, parameters.master(name), shape));
    }
    if (!gpt.config().bias()) tensors.addAll(zeroBiases(gpt));
    Safetensors.write(folder.resolve(WEIGHTS), tensors);
  }

  /// What a file calls a parameter.
  static String stored(String prefix, String name) {
    return name.equals(HEAD) ? name : prefix + name;
  }

  /// Writes a new folder, which appears whole, under its name, or not at all; what a kill or a
  /// refusing disk leaves beside it is hidden, and gone with the next write.
  ///
  /// @throws StoreFailure as [#requireFree] does, or if the disk refuses
  public static void writeNew(Path folder, Gpt gpt) {
    writeNew(folder, gpt, _ -> {});
  }

  /// The same with further files, which `more` writes into the folder it is given.
  public static void writeNew(Path folder, Gpt gpt, Consumer<Path> more) {
    NewPath.write(
        folder,
        partial -> {
          Disk.REAL.create(partial);
          write(partial, gpt);
          more.accept(partial);
        });
  }

  /// Throws [StoreFailure] unless a new folder can be called that: the one it is to be in is
  /// there, and nothing has the name.
  public static void requireFree(Path folder) {
    NewPath.requireFree(folder);
  }

  /// Hugging Face's GPT-2 always has biases; a network without them is the same as one whose biases
  /// are zero.
  private static List<OutgoingTensor> zeroBiases(Gpt gpt) {
    var type = DeviceTensors.storedType(gpt.parameters().dtype().wide());
    var zeros = new ArrayList<OutgoingTensor>();
    for (var name : gpt.parameters().names()) {
      boolean table = name.startsWith("wte") || name.startsWith("wpe") || name.equals(HEAD);
      if (table) continue;
      var bias = PREFIX + name.replaceAll("weight$", "bias");
      long size = gpt.parameters().get(name).shape().size(-1);
      zeros.add(
          new OutgoingTensor(StoredTensor.of(bias, type, size), (_, into) -> into.fill((byte) 0)));
    }
    return zeros;
  }

  /// Reads such a folder, written here or by Hugging Face (with the prefix `transformer.` or none,
  /// a tied head stored once more or not), into memory of `scope`. Throws [BadFile] for one that
  /// is truncated, foreign or incomplete.
  public static Gpt read(Path folder, Scope scope, DType dtype) {
    return read(folder, scope, dtype, Rounding.NEAREST);
  }

  /// The same; `rounding` is of account in bf16 alone.
  public static Gpt read(Path folder, Scope scope, DType dtype, Rounding rounding) {
    var config = GptConfigFile.read(folder);
    var file = folder.resolve(WEIGHTS);
    try (var stored = Safetensors.open(file)) {
      var gpt = Gpt.blank(config.config(), scope, dtype, rounding);
      var prefix = stored.has(PREFIX + "wte.weight") ? PREFIX : "";
      refuseForeign(file, stored, prefix, gpt);
      for (var name : gpt.parameters().names()) load(file, stored, prefix, name, gpt);
      gpt.parameters().round();
      if (config.tied() && stored.has(HEAD)) requireTied(file, stored, prefix);
      if (!config.biased()) requireZeroBiases(file, stored, prefix);
      return gpt;
    }
  }

  private static void load(Path file, Safetensors stored, String prefix, String name, Gpt gpt) {
    Parameters parameters = gpt.parameters();
    var tensor = parameters.master(name);
    var shape = tensor.shape().with(0, gpt.storedRows(name));
    DeviceTensors.load(file, stored, stored(prefix, name), parameters, tensor, shape);
  }

  /// Names that the model does not have; the masks that old checkpoints carry are let pass.
  private static void refuseForeign(Path file, Safetensors stored, String prefix, Gpt gpt) {
    for (var tensor : stored.tensors()) {
      var name = tensor.name();
      if (name.equals(HEAD) || name.matches(".*\\.attn\\.(masked_)?bias")) continue;
      var bare = name.startsWith(prefix) ? name.substring(prefix.length()) : name;
      boolean known = gpt.parameters().names().contains(bare);
      boolean zeroBias = !gpt.config().bias() && bare.endsWith(".bias");
      if (!known && !zeroBias)
        throw new BadFile(file, "has a tensor \"%s\" that this model lacks".formatted(name));
    }
  }

  private static void requireTied(Path file, Safetensors stored, String prefix) {
    var head = stored.tensor(HEAD);
    var table = stored.tensor(prefix + "wte.weight");
    if (!head.shape().equals(table.shape()) || !sameElements(stored, head, table)) {
      throw new BadFile(
          file, "has a head that differs from its token embedding, but its config says it is tied");
    }
  }

  private static boolean sameElements(Safetensors stored, StoredTensor a, StoredTensor b) {
    int chunk = 1 << 20;
    for (long at = 0; at < a.elements(); at += chunk) {
      int count = (int) Math.min(chunk, a.elements() - at);
      var left = MemorySegment.ofArray(new float[count]);
      var right = MemorySegment.ofArray(new float[count]);
      stored.readFloats(a.name(), at, left);
      stored.readFloats(b.name(), at, right);
      if (left.mismatch(right) >= 0) return false;
    }
    return true;
  }

  private static void requireZeroBiases(Path file, Safetensors stored, String prefix) {
    for (var tensor : stored.tensors()) {
      var name = tensor.name();
      if (!name.endsWith(".bias") || name.endsWith(".attn.bias") || !name.startsWith(prefix))
        continue;
      for (float value : stored.floats(name)) {
        if (value != 0)
          throw new BadFile(
              file, "has a bias \"%s\", but its config says there are none".formatted(name));
      }
    }
  }

  private static GptConfigFile configFile(GptConfig config) {
    return new GptConfigFile(
        config.vocabulary(),
        config.context(),
        config.width(),
        config.feedForward(),
        config.layers(),
        config.heads(),
        config.eps(),
        config.scaledByLayer(),
        config.tied(),
        config.bias());
  }
}
