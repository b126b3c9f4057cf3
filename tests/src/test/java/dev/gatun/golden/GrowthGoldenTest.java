package dev.gatun.golden;

import dev.gatun.growth.Bert2Bert;
import dev.gatun.growth.Copies;
import dev.gatun.growth.CopyMap;
import dev.gatun.growth.Growth;
import dev.gatun.growth.HyperCloning;
import dev.gatun.growth.Interpolation;
import dev.gatun.growth.Ligo;
import dev.gatun.growth.LigoForm;
import dev.gatun.growth.LigoHeads;
import dev.gatun.growth.LigoMap;
import dev.gatun.growth.LigoShape;
import dev.gatun.growth.LigoStart;
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
    var copies = copies("uneven");
    check(
        "gpt2/growth",
        "uneven",
        (source, scope) -> copies.of(source, source.config().withSize(3, 4, 64), scope));
  }

  @Test
  void soDoWiderMlps() throws IOException {
    var copies = copies("inside");
    check(
        "gpt2/growth",
        "inside",
        (source, scope) -> copies.of(source, source.config().withFeedForward(202), scope));
  }

  private static Copies copies(String name) throws IOException {
    try (var golden = Golden.open("gpt2/growth")) {
      var maps = Golden.object(golden.facts().get(name));
      return new Copies(
          map(48, maps.get("residual")),
          map(3, maps.get("heads")),
          map(192, maps.get("hidden")),
          map(2, maps.get("layers")));
    }
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

  /// A head of its own sums over copies itself; the norm before it is copied whole.
  @Test
  void soTheyDoWhereTheHeadHasWeightsOfItsOwn() throws IOException {
    check("gpt2/untied", "logits", by(new HyperCloning(), 2, 9, 36));
    check("gpt2/untied", "logits", by(new Bert2Bert(3), 2, 6, 24));
    check("gpt2/untied", "logits", by(new ZeroBlocks(), 5, 3, 12));
    check("gpt2/untied", "ligo", by(new Ligo(LigoForm.SHARED, LigoHeads.WHOLE, SINES), 3, 4, 16));
  }

  /// Products of matrices in NumPy against the operator.
  @Test
  void ligoComputesWhatHuggingFacesDoes() throws IOException {
    check("gpt2/growth", "ligo", by(new Ligo(LigoForm.SHARED, LigoHeads.WHOLE, SINES), 3, 4, 64));
  }

  /// Numbers that look like none in particular.
  private static final LigoStart SINES =
      new LigoStart() {
        private static final List<String> NAMES =
            List.of(
                "residual",
                "hidden",
                "queries",
                "keys",
                "values",
                "depth.ln_1",
                "depth.attn.queries",
                "depth.attn.keys",
                "depth.attn.values",
                "depth.attn.c_proj",
                "depth.ln_2",
                "depth.mlp.c_fc",
                "depth.mlp.c_proj");

        @Override
        public double[] width(LigoShape shape, LigoMap map, int which) {
          int small = shape.source().width();
          int large = shape.target().width();
          return switch (map) {
            case RESIDUAL -> sines(large, small, map.word());
            case HIDDEN -> sines(4 * large, 4 * small, map.word());
            case QUERIES, KEYS, VALUES ->
                sines(shape.target().heads(), shape.source().heads(), map.word());
          };
        }

        @Override
        public double[] depth(LigoShape shape, String name) {
          return sines(shape.target().layers(), shape.source().layers(), name);
        }

        private static double[] sines(int rows, int cols, String name) {
          var sines = new double[rows * cols];
          for (int i = 0; i < rows; i++) {
            for (int j = 0; j < cols; j++) {
              double angle = 1 + NAMES.indexOf(name) + 3 * i + 7 * j + 0.1 * i * j;
              sines[i * cols + j] = Math.sin(angle) / Math.sqrt(cols);
            }
          }
          return sines;
        }
      };

  private static BiFunction<Gpt, Scope, Gpt> by(Growth growth, int layers, int heads, int width) {
    return (source, scope) ->
        growth.grow(source, source.config().withSize(layers, heads, width), scope);
  }

  private void check(String file, String logits, BiFunction<Gpt, Scope, Gpt> growth)
      throws IOException {
    try (var golden = Golden.open(file);
        var device = Device.cpu(1);
        var memory = device.scope()) {
      var source = GptCheckpoint.read(golden.model(), memory, DType.F64);
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
