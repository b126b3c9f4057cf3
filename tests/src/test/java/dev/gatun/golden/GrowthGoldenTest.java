package dev.gatun.golden;

import dev.gatun.growth.Copies;
import dev.gatun.growth.CopyMap;
import dev.gatun.growth.Growth;
import dev.gatun.growth.HyperCloning;
import dev.gatun.growth.Interpolation;
import dev.gatun.growth.Stacking;
import dev.gatun.growth.ZeroBlocks;
import dev.gatun.memory.Device;
import dev.gatun.memory.Scope;
import dev.gatun.nn.Gpt;
import dev.gatun.store.GptCheckpoint;
import dev.gatun.tensor.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A GPT-2 that Hugging Face wrote, grown here, beside Hugging Face's own with weights that were
/// grown by products of matrices. Each is written to a folder and read again before it is looked
/// at.
class GrowthGoldenTest {
  @TempDir Path folder;

  @Test
  void stackedLayersComputeWhatHuggingFacesDo() throws IOException {
    check("gpt2/growth", "stack", by(new Stacking(), 5, 3, 48));
  }

  @Test
  void interpolatedLayersComputeWhatHuggingFacesDo() throws IOException {
    check("gpt2/growth", "interpolate", by(new Interpolation(), 5, 3, 48));
  }

  @Test
  void unevenCopiesComputeWhatHuggingFacesDo() throws IOException {
    Map<String, Object> maps;
    try (var golden = Golden.open("gpt2/growth")) {
      maps = Golden.object(golden.facts().get("uneven"));
    }
    var copies =
        new Copies(
            map(48, maps.get("residual")),
            map(3, maps.get("heads")),
            map(192, maps.get("hidden")),
            map(2, maps.get("layers")));
    check(
        "gpt2/growth",
        "uneven",
        (source, scope) -> copies.of(source, source.config().withSize(3, 4, 64), scope));
  }

  @SuppressWarnings("unchecked")
  private static CopyMap map(int smaller, Object sources) {
    return new CopyMap(smaller, (List<Integer>) sources);
  }

  /// What preserves the function computes what the model did.
  @Test
  void clonesAndZeroBlocksComputeWhatTheModelDid() throws IOException {
    check("gpt2/values", "logits", by(new HyperCloning(), 2, 9, 144));
    check("gpt2/values", "logits", by(new ZeroBlocks(), 5, 3, 48));
  }

  private static BiFunction<Gpt, Scope, Gpt> by(Growth growth, int layers, int heads, int width) {
    return (source, scope) ->
        growth.grow(source, source.config().withSize(layers, heads, width), scope);
  }

  private void check(String file, String logits, BiFunction<Gpt, Scope, Gpt> growth)
      throws IOException {
    try (var golden = Golden.open(file);
        var device = Device.cpu(1);
        var memory = device.scope()) {
      var source = GptCheckpoint.read(Golden.folder().resolve("gpt2/hf"), memory, DType.F64);
      var written = Files.createTempDirectory(folder, "").resolve("grown");
      GptCheckpoint.writeNew(written, growth.apply(source, memory));
      var grown = GptCheckpoint.read(written, memory, DType.F64);
      var found = grown.logits(golden.on(memory, "tokens", DType.F64));
      Golden.assertHeld(
          logits,
          found.slice(2, 0, grown.config().vocabulary()).toDoubles(),
          golden.tensors().doubles(logits),
          DType.F64,
          Golden.FORWARD,
          0);
    }
  }
}
