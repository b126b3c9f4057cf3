package dev.gatun.golden;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.jr.ob.JSON;
import dev.gatun.grad.Tape;
import dev.gatun.laws.Devices;
import dev.gatun.memory.Scope;
import dev.gatun.nn.Gpt;
import dev.gatun.nn.GptDecoder;
import dev.gatun.store.GptCheckpoint;
import dev.gatun.store.Safetensors;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// A 2-layer GPT-2 that Hugging Face wrote, against PyTorch: logits, loss, every gradient; and its
/// folder written back.
@Tag("backend")
class GptGoldenTest {
  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F32", "F64"})
  void logitsLossAndEveryGradientAgreeWithPyTorch(DType dtype) throws IOException {
    try (var golden = Golden.open("gpt2/values");
        var device = Devices.underTest();
        var memory = device.scope()) {
      var gpt = GptCheckpoint.read(Golden.folder().resolve("gpt2/hf"), memory, dtype);
      var figures = Golden.object(golden.facts().get("fp32_error"));
      var tokens = golden.on(memory, "tokens", dtype);
      assertLogits(golden, gpt, tokens, Golden.number(figures.get("logits")));
      try (var tape = Tape.open(device)) {
        var loss = gpt.loss(tokens, golden.on(tape, "targets", dtype));
        Golden.assertHeld(
            "loss",
            loss.toDoubles(),
            golden.tensors().doubles("loss"),
            dtype,
            Golden.FORWARD,
            Golden.number(figures.get("loss")));
        tape.backward(loss);
        var ofGradients = Golden.object(figures.get("gradients"));
        assertEquals(ofGradients.size(), gpt.parameters().names().size());
        assertGradients(golden, gpt, name -> Golden.number(ofGradients.get(name)));
      }
    }
  }

  @Test
  void aHeadOfItsOwnAgreesWithPyTorch() throws IOException {
    try (var golden = Golden.open("gpt2/untied");
        var device = Devices.underTest();
        var memory = device.scope()) {
      var gpt = GptCheckpoint.read(golden.model(), memory, DType.F64);
      var tokens = golden.on(memory, "tokens", DType.F64);
      assertLogits(golden, gpt, tokens, 0);
      try (var tape = Tape.open(device)) {
        var loss = gpt.loss(tokens, golden.on(tape, "targets", DType.F64));
        var truth = golden.tensors().doubles("loss");
        Golden.assertHeld("loss", loss.toDoubles(), truth, DType.F64, Golden.FORWARD, 0);
        tape.backward(loss);
        assertGradients(golden, gpt, _ -> 0);
      }
      var truth = golden.tensors().doubles("logits");
      decodeAgainst(gpt, memory, golden.ints("tokens"), golden.shape("tokens"), truth);
    }
  }

  private static void assertLogits(Golden golden, Gpt gpt, Tensor tokens, double figure) {
    try (var _ = gpt.device().scope()) {
      var logits = gpt.logits(tokens);
      var counting = logits.slice(2, 0, gpt.config().vocabulary());
      Golden.assertHeld(
          "logits",
          counting.toDoubles(),
          golden.tensors().doubles("logits"),
          logits.dtype(),
          Golden.FORWARD,
          figure);
    }
  }

  private static void assertGradients(Golden golden, Gpt gpt, ToDoubleFunction<String> figures) {
    for (var name : gpt.parameters().names()) {
      Golden.assertHeld(
          "gradient of " + name,
          stored(gpt, name, gradient(gpt, name)),
          golden.tensors().doubles(Golden.named(name)),
          gpt.parameters().dtype(),
          Golden.GRADIENT,
          figures.applyAsDouble(Golden.named(name)));
    }
  }

  private static double[] gradient(Gpt gpt, String name) {
    var parameters = gpt.parameters();
    var tensor = parameters.get(name);
    var gradient = tensor.slot().orElseThrow().gradient();
    return Tensor.over(parameters.scope(), gradient, tensor.dtype(), tensor.shape(), null)
        .toDoubles();
  }

  /// Without the rows that only pad the vocabulary; those must be zero.
  static double[] stored(Gpt gpt, String name, double[] whole) {
    var shape = gpt.parameters().get(name).shape();
    int kept = (int) (gpt.storedRows(name) * shape.count() / shape.size(0));
    for (int i = kept; i < whole.length; i++) assertEquals(0, whole[i], name + " pad");
    return Arrays.copyOf(whole, kept);
  }

  @Test
  void aFolderWithoutPrefixAndWithAnExplicitHeadIsRead() throws IOException {
    try (var golden = Golden.open("gpt2/values");
        var device = Devices.underTest();
        var memory = device.scope()) {
      var gpt = GptCheckpoint.read(Golden.folder().resolve("gpt2/hf_bare"), memory, DType.F64);
      var loss =
          gpt.loss(golden.on(memory, "tokens", DType.F64), golden.on(memory, "targets", DType.F64));
      Golden.assertHeld(
          "bare loss",
          loss.toDoubles(),
          golden.tensors().doubles("bare_loss"),
          DType.F64,
          Golden.FORWARD,
          0);
    }
  }

  @Test
  void theFolderWrittenHasHuggingFacesKeysShapesAndBytes(@TempDir Path folder) throws IOException {
    var source = Golden.folder().resolve("gpt2/hf");
    assertWrittenAs(source, folder);
    var keys = JSON.std.mapFrom(Files.readString(Golden.folder().resolve("gpt2/keys.json")));
    try (var ours = Safetensors.open(folder.resolve(GptCheckpoint.WEIGHTS))) {
      assertEquals(keys.get("metadata"), ours.metadata());
      assertEquals(keys.get("tensors"), described(ours));
    }
  }

  @Test
  void soHasThatOfAHeadOfItsOwn(@TempDir Path folder) throws IOException {
    assertWrittenAs(Golden.folder().resolve("gpt2/hf_untied"), folder);
  }

  private static void assertWrittenAs(Path source, Path folder) throws IOException {
    try (var device = Devices.underTest();
        var memory = device.scope()) {
      GptCheckpoint.write(folder, GptCheckpoint.read(source, memory, DType.F32));
    }
    try (var theirs = Safetensors.open(source.resolve(GptCheckpoint.WEIGHTS));
        var ours = Safetensors.open(folder.resolve(GptCheckpoint.WEIGHTS))) {
      assertEquals(described(theirs), described(ours));
      for (var tensor : theirs.tensors()) {
        assertEquals(
            0, mismatches(theirs.floats(tensor.name()), ours.floats(tensor.name())), tensor.name());
      }
    }
    assertSameConfig(source, folder);
  }

  private static int mismatches(float[] a, float[] b) {
    return Arrays.equals(a, b) ? 0 : 1;
  }

  private static List<Map<String, Object>> described(Safetensors file) {
    var list = new ArrayList<Map<String, Object>>();
    file.tensors().stream()
        .sorted(Comparator.comparing(t -> t.name()))
        .forEach(
            t -> {
              var entry = new LinkedHashMap<String, Object>();
              entry.put("name", t.name());
              entry.put("shape", t.shape().stream().map(Long::intValue).toList());
              entry.put("dtype", t.type().name());
              list.add(entry);
            });
    return list;
  }

  private static void assertSameConfig(Path theirs, Path ours) throws IOException {
    var wanted = JSON.std.mapFrom(Files.readString(theirs.resolve("config.json")));
    var written = JSON.std.mapFrom(Files.readString(ours.resolve("config.json")));
    for (var key :
        List.of(
            "vocab_size",
            "n_positions",
            "n_embd",
            "n_layer",
            "n_head",
            "layer_norm_epsilon",
            "tie_word_embeddings",
            "activation_function",
            "model_type",
            "architectures")) {
      assertEquals(wanted.get(key), written.get(key), key);
    }
  }

  @Test
  void decodingTokenByTokenGivesTheLogitsOfTheWholeContext() throws IOException {
    try (var golden = Golden.open("gpt2/values");
        var device = Devices.underTest();
        var memory = device.scope()) {
      var gpt = GptCheckpoint.read(Golden.folder().resolve("gpt2/hf"), memory, DType.F64);
      var tokens = golden.ints("tokens");
      var truth = golden.tensors().doubles("logits");
      decodeAgainst(gpt, memory, tokens, golden.shape("tokens"), truth);
    }
  }

  private static void decodeAgainst(
      Gpt gpt, Scope memory, int[] tokens, Shape shape, double[] truth) {
    int vocabulary = gpt.config().vocabulary();
    var decoder = new GptDecoder(gpt, memory);
    for (int i = 0; i < tokens.length; i++) {
      if (i % shape.size(1) == 0) decoder.restart();
      var logits = decoder.next(tokens[i]);
      for (int v = 0; v < vocabulary; v++) {
        assertEquals((float) truth[i * vocabulary + v], logits[v], 1e-6, "token " + i);
      }
    }
  }
}
