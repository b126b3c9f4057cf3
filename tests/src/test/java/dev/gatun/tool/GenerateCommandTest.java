package dev.gatun.tool;

import static dev.gatun.tool.RandomModel.CONTEXT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.memory.Device;
import dev.gatun.nn.Gpt;
import dev.gatun.store.GptCheckpoint;
import dev.gatun.tensor.DType;
import dev.gatun.train.ByteTokenizer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What `generate` writes, checked against the model run without a cache.
class GenerateCommandTest {
  @TempDir Path folder;
  private Path model;

  @BeforeEach
  void writeAModel() throws IOException {
    model = RandomModel.write(folder.resolve("model"));
  }

  @Test
  void atTemperatureZeroEveryTokenIsTheLikeliestOfTheUncachedModel() {
    var expected = greedy("the ship", CONTEXT - 8, 0);
    assertTrue(expected.chars().distinct().count() > 4, expected);
    assertEquals(expected, generate(CONTEXT - 8, "--prompt=the ship", "--temperature=0"));
  }

  @Test
  void aTextThatOutgrowsTheContextForgetsTheFirstHalf() {
    assertEquals(
        greedy("the ship", 3 * CONTEXT, 0),
        generate(3 * CONTEXT, "--prompt=the ship", "--temperature=0"));
  }

  @Test
  void aPenaltyKeepsFromWhatWasWrittenButNotFromThePrompt() {
    assertEquals(
        greedy("the ship", CONTEXT, 2.5),
        generate(CONTEXT, "--prompt=the ship", "--temperature=0", "--presence-penalty=2.5"));
    assertNotEquals(greedy("the ship", CONTEXT, 2.5), greedy("the ship", CONTEXT, 0));
  }

  @Test
  void theSystemTextStandsBeforeThePromptOnALineOfItsOwn() {
    var together = generate(8, "--prompt=a\nship", "--temperature=0");
    assertEquals(together, generate(8, "--system=a", "--prompt=ship", "--temperature=0"));
    assertNotEquals(together, generate(8, "--prompt=ship", "--temperature=0"));
  }

  @Test
  void theSameSeedWritesTheSameTextAndAnotherSeedAnother() {
    var text = generate(40, "--prompt=water", "--temperature=1", "--seed=5");
    assertEquals(text, generate(40, "--prompt=water", "--temperature=1", "--seed=5"));
    assertNotEquals(text, generate(40, "--prompt=water", "--temperature=1", "--seed=6"));
  }

  @Test
  void anEmptyPromptBeginsADocument() {
    assertEquals(greedy("\n", 8, 0), generate(8, "--prompt=", "--temperature=0"));
  }

  private String generate(int tokens, String... more) {
    var arguments = new ArrayList<>(List.of("generate", "--model=" + model, "--tokenizer=bytes"));
    arguments.add("--max-tokens=" + tokens);
    arguments.addAll(Arrays.asList(more));
    var out = Commands.run(arguments).requireGood().out();
    return out.substring(0, out.length() - System.lineSeparator().length());
  }

  private String greedy(String prompt, int tokens, double penalty) {
    try (var device = Device.cpu(1);
        var scope = device.scope()) {
      var gpt = GptCheckpoint.read(model, scope, DType.F32);
      var window = new ArrayList<Integer>();
      for (byte b : prompt.getBytes(StandardCharsets.UTF_8)) window.add((int) b);
      var added = new int[tokens];
      var present = new BitSet();
      for (int i = 0; i < tokens; i++) {
        added[i] = likeliest(gpt, window, present, penalty);
        present.set(added[i]);
        if (window.size() == CONTEXT) window.subList(0, CONTEXT / 2).clear();
        window.add(added[i]);
      }
      return new ByteTokenizer().decode(added);
    }
  }

  private static int likeliest(Gpt gpt, List<Integer> window, BitSet present, double penalty) {
    var logits = RandomModel.logits(gpt, window.stream().mapToInt(id -> id).toArray());
    present.stream().forEach(id -> logits[id] -= penalty);
    int best = 0;
    for (int id = 1; id < logits.length; id++) if (logits[id] > logits[best]) best = id;
    return best;
  }
}
