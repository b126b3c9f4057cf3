package dev.gatun.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.InvalidArgument;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

class GptConfigFileTest {
  /// What transformers 5.18 saves for a GPT-2 of one layer, its dropouts and summaries included.
  private static final String HUGGING_FACE =
      """
      {
        "activation_function": "gelu_new",
        "add_cross_attention": false,
        "architectures": [
          "GPT2LMHeadModel"
        ],
        "attn_pdrop": 0.1,
        "bos_token_id": 50256,
        "dtype": "float32",
        "embd_pdrop": 0.1,
        "eos_token_id": 50256,
        "initializer_range": 0.02,
        "layer_norm_epsilon": 1e-05,
        "model_type": "gpt2",
        "n_embd": 8,
        "n_head": 2,
        "n_inner": null,
        "n_layer": 1,
        "n_positions": 16,
        "pad_token_id": null,
        "reorder_and_upcast_attn": false,
        "resid_pdrop": 0.1,
        "scale_attn_by_inverse_layer_idx": false,
        "scale_attn_weights": true,
        "summary_type": "cls_index",
        "tie_word_embeddings": true,
        "transformers_version": "5.18.0",
        "use_cache": true,
        "vocab_size": 50
      }
      """;

  /// The oldest kind, as OpenAI's own sizes were published: fewer fields, the context under two
  /// names.
  private static final String OLDEST =
      """
      {"activation_function": "gelu_new", "layer_norm_epsilon": 1e-05, "model_type": "gpt2",
       "n_ctx": 1024, "n_embd": 768, "n_head": 12, "n_layer": 12, "vocab_size": 50257}
      """;

  @TempDir Path folder;

  @Test
  void whatHuggingFaceWritesIsRead() throws IOException {
    assertEquals(
        new GptConfigFile(50, 16, 8, 32, 1, 2, 1e-5, false, true, true), read(HUGGING_FACE));
    assertEquals(
        new GptConfigFile(50257, 1024, 768, 3072, 12, 12, 1e-5, false, true, true), read(OLDEST));
  }

  @Test
  void everyFieldThatIsReadMatters() throws IOException {
    assertEquals(
        new GptConfigFile(51, 17, 12, 50, 3, 4, 1e-6, true, false, false),
        read(
            HUGGING_FACE
                .replace("\"vocab_size\": 50", "\"vocab_size\": 51, \"gatun_bias\": false")
                .replace("\"n_positions\": 16", "\"n_positions\": 17, \"n_ctx\": 99")
                .replace("\"n_embd\": 8", "\"n_embd\": 12")
                .replace("\"n_inner\": null", "\"n_inner\": 50")
                .replace("\"n_layer\": 1", "\"n_layer\": 3")
                .replace("\"n_head\": 2", "\"n_head\": 4")
                .replace("1e-05", "0.000001")
                .replace("gelu_new", "gelu_pytorch_tanh")
                .replace("inverse_layer_idx\": false", "inverse_layer_idx\": true")
                .replace("tie_word_embeddings\": true", "tie_word_embeddings\": false")));
  }

  @Test
  void whatIsWrittenIsReadBack() throws IOException {
    var configs =
        List.of(
            new GptConfigFile(50257, 1024, 768, 3072, 12, 12, 1e-5, false, true, true),
            new GptConfigFile(256, 1, 1, 7, 1, 1, 1.0 / 3e5, true, false, false));
    for (var config : configs) {
      var there = Files.createTempDirectory(folder, "model");
      config.write(there);
      assertEquals(config, GptConfigFile.read(there));
    }
  }

  @Test
  void whatIsWrittenSaysAllThatHuggingFaceAsks() throws IOException {
    new GptConfigFile(256, 64, 32, 128, 2, 4, 1e-5, true, false, false).write(folder);
    var text = Files.readString(folder.resolve("config.json")).replaceAll("\\s", "");
    for (var field :
        List.of(
            "\"architectures\":[\"GPT2LMHeadModel\"]",
            "\"model_type\":\"gpt2\"",
            "\"vocab_size\":256",
            "\"n_positions\":64",
            "\"n_ctx\":64",
            "\"n_embd\":32",
            "\"n_layer\":2",
            "\"n_head\":4",
            "\"n_inner\":null",
            "\"activation_function\":\"gelu_new\"",
            "\"layer_norm_epsilon\":1.0E-5",
            "\"scale_attn_by_inverse_layer_idx\":true",
            "\"tie_word_embeddings\":false",
            "\"resid_pdrop\":0.0",
            "\"embd_pdrop\":0.0",
            "\"attn_pdrop\":0.0",
            "\"bos_token_id\":null",
            "\"eos_token_id\":null",
            "\"gatun_bias\":false")) {
      assertTrue(text.contains(field), field + " in " + text);
    }
  }

  @Test
  void theEndOfTextIsNamedForGpt2sOwnVocabularyOnly() throws IOException {
    new GptConfigFile(50257, 64, 32, 128, 2, 4, 1e-5, false, true, true).write(folder);
    var text = Files.readString(folder.resolve("config.json")).replaceAll("\\s", "");
    assertTrue(text.contains("\"bos_token_id\":50256,\"eos_token_id\":50256"), text);
  }

  private record Refusal(String from, String to, String sentence) {}

  @TestFactory
  Stream<DynamicTest> eachOtherNetworkIsRefusedInOneSentence() {
    return Stream.of(
            new Refusal(
                "\"gpt2\"", "\"llama\"", "describes a \"llama\"; only \"gpt2\" is read here"),
            new Refusal("\"model_type\": \"gpt2\",", "", "lacks the field \"model_type\""),
            new Refusal("\"gpt2\"", "2", "\"model_type\" is 2; it must be a string"),
            new Refusal("gelu_new", "relu", "\"activation_function\" is \"relu\"; only gelu_new"),
            new Refusal("gelu_new", "gelu", "\"activation_function\" is \"gelu\"; only gelu_new"),
            new Refusal(
                "upcast_attn\": false",
                "upcast_attn\": true",
                "\"reorder_and_upcast_attn\" is true; only false is read here"),
            new Refusal(
                "cross_attention\": false",
                "cross_attention\": true",
                "\"add_cross_attention\" is true; only false is read here"),
            new Refusal(
                "attn_weights\": true",
                "attn_weights\": false",
                "\"scale_attn_weights\" is false; only true is read here"),
            new Refusal(
                "\"n_inner\": null", "\"n_inner\": 0", "\"n_inner\" is 0; it must be positive"),
            new Refusal("\"n_head\": 2", "\"n_head\": 3", "width 8 is not divisible by 3 heads"),
            new Refusal("\"n_head\": 2,", "", "lacks the field \"n_head\""),
            new Refusal("\"n_positions\": 16,", "", "lacks the field \"n_positions\""),
            new Refusal(
                "\"n_layer\": 1", "\"n_layer\": 0", "\"n_layer\" is 0; it must be positive"),
            new Refusal(
                "\"n_embd\": 8", "\"n_embd\": \"8\"", "\"n_embd\" is \"8\"; it must be a wh"),
            new Refusal(
                "\"n_embd\": 8", "\"n_embd\": 8.0", "\"n_embd\" is 8.0; it must be a whole"),
            new Refusal(
                "\"n_embd\": 8", "\"n_embd\": 8, \"n_embd\": 8", "not valid JSON: Duplicate"),
            new Refusal("_size\": 50", "_size\": 3000000000", "it must be positive and below"),
            new Refusal("1e-05", "0.0", "epsilon 0.0 must be positive"),
            new Refusal("1e-05", "1e999", "\"layer_norm_epsilon\" is Infinity"),
            new Refusal("1e-05", "\"small\"", "\"layer_norm_epsilon\" is \"small\""),
            new Refusal("embeddings\": true", "embeddings\": 1", "it must be true or false"),
            new Refusal(HUGGING_FACE, "", "is empty"),
            new Refusal(HUGGING_FACE, "[]", "document is a JSON array, not an object"),
            new Refusal(HUGGING_FACE, "3", "document is not a JSON object"),
            new Refusal(HUGGING_FACE, "hello", "document is not valid JSON"),
            new Refusal(HUGGING_FACE, HUGGING_FACE.substring(0, 200), "document is not valid JSON"),
            new Refusal(HUGGING_FACE, HUGGING_FACE + "}", "document is not valid JSON"))
        .map(each -> DynamicTest.dynamicTest(each.sentence(), () -> refuse(each)));
  }

  private void refuse(Refusal refusal) throws IOException {
    var text = HUGGING_FACE.replace(refusal.from(), refusal.to());
    assertTrue(!text.equals(HUGGING_FACE), "the edit changes nothing");
    var message = assertThrows(BadFile.class, () -> read(text)).getMessage();
    assertTrue(message.startsWith(folder.toString()), message);
    assertTrue(message.contains("config.json: "), message);
    assertTrue(message.contains(refusal.sentence()), message);
    assertEquals(1, message.lines().count(), message);
  }

  @Test
  void aMissingConfigIsNamed() {
    assertEquals(
        folder.resolve("config.json") + ": does not exist",
        assertThrows(BadFile.class, () -> GptConfigFile.read(folder)).getMessage());
  }

  @Test
  void anImpossibleNetworkIsNotEvenARecord() {
    assertThrows(
        InvalidArgument.class,
        () -> new GptConfigFile(256, 64, 30, 120, 2, 4, 1e-5, false, true, true));
    assertThrows(
        InvalidArgument.class,
        () -> new GptConfigFile(256, 64, 32, 128, 2, 0, 1e-5, false, true, true));
    assertThrows(
        InvalidArgument.class,
        () -> new GptConfigFile(256, 64, 32, 128, 2, 4, Double.NaN, false, true, true));
  }

  private GptConfigFile read(String text) throws IOException {
    var there = Files.createTempDirectory(folder, "model");
    Files.writeString(there.resolve("config.json"), text);
    return GptConfigFile.read(there);
  }
}
