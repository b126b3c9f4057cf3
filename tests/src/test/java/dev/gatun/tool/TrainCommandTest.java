package dev.gatun.tool;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.store.Checkpoints;
import dev.gatun.store.Safetensors;
import dev.gatun.store.StoredType;
import dev.gatun.store.TrainerState;
import dev.gatun.train.Journal;
import dev.gatun.train.JournalEntry;
import dev.gatun.train.Run;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What `train` prints and leaves.
class TrainCommandTest {
  @TempDir Path folder;

  @Test
  void aRunLeavesJournalCurveAndCheckpoints() throws IOException {
    var run = folder.resolve("run");
    var outcome = Commands.run(training(run, "--steps=30", "--evaluate-every=10")).requireGood();
    var journal = Journal.read(run.resolve(Run.JOURNAL));
    assertEquals(30, losses(journal, "loss").size());
    assertEquals(List.of(0L, 10L, 15L, 20L, 30L), steps(journal, "validationLoss"));
    assertTrue(Files.size(run.resolve("loss.png")) > 1000);
    assertEquals("step-30", new Checkpoints(run).latest().orElseThrow().getFileName().toString());
    assertTrue(Files.exists(run.resolve("step-15")), "the checkpoint before the last");
    for (var part :
        List.of("10,944 parameters", "3-gram count model", "4-gram count model", "a sample; ")) {
      assertTrue(outcome.out().contains(part), outcome.out());
    }
  }

  @Test
  void theFirstLossIsThatOfGuessingAndTheLastIsLower() throws IOException {
    var run = folder.resolve("run");
    Commands.run(training(run, "--steps=60")).requireGood();
    var losses = losses(Journal.read(run.resolve(Run.JOURNAL)), "validationLoss");
    assertEquals(Math.log(256), losses.getFirst(), 0.05);
    assertTrue(losses.getLast() < 2.9, "the loss is " + losses.getLast());
  }

  /// The checkpoint keeps masters in fp32, and without masters what there is.
  @ParameterizedTest
  @CsvSource({"nearest, F32", "stochastic, BF16"})
  void bf16LearnsToo(String rounding, StoredType kept) throws IOException {
    var run = folder.resolve("run");
    Commands.run(training(run, "--steps=60", "--dtype=bf16", "--rounding=" + rounding))
        .requireGood();
    var losses = losses(Journal.read(run.resolve(Run.JOURNAL)), "validationLoss");
    assertEquals(Math.log(256), losses.getFirst(), 0.05);
    assertTrue(losses.getLast() < 2.9, "the loss is " + losses.getLast());
    try (var weights = Safetensors.open(run.resolve("latest/model.safetensors"))) {
      assertEquals(kept, weights.tensor("transformer.h.0.mlp.c_fc.weight").type());
      assertEquals(StoredType.F32, weights.tensor("transformer.h.0.mlp.c_fc.bias").type());
    }
  }

  @Test
  void theSameSeedTrainsTheSameModelAndAnotherSeedAnother() throws IOException {
    Commands.run(training(folder.resolve("a"), "--steps=5")).requireGood();
    Commands.run(training(folder.resolve("b"), "--steps=5")).requireGood();
    Commands.run(training(folder.resolve("c"), "--steps=5", "--seed=7")).requireGood();
    assertArrayEquals(weights("a"), weights("b"));
    assertFalse(Arrays.equals(weights("a"), weights("c")));
  }

  @Test
  void initStartsFromTheWeightsAndTakesTheShape() throws IOException {
    Commands.run(training(folder.resolve("first"), "--steps=20", "--no-bias", "--no-tied-head"))
        .requireGood();
    var texts = Commands.texts(folder.resolve("texts"), 1);
    Commands.run(
            "train",
            "--data=" + texts,
            "--init=" + folder.resolve("first"),
            "--out=" + folder.resolve("second"),
            "--steps=1",
            "--batch=4",
            "--evaluate-batches=2",
            "--threads=2")
        .requireGood();
    var first =
        losses(Journal.read(folder.resolve("first").resolve(Run.JOURNAL)), "validationLoss");
    var second =
        losses(Journal.read(folder.resolve("second").resolve(Run.JOURNAL)), "validationLoss");
    assertEquals(first.getLast(), second.getFirst());
    var config = Files.readString(folder.resolve("second/latest/config.json"));
    assertTrue(config.contains("\"gatun_bias\" : false"), config);
    assertTrue(config.contains("\"tie_word_embeddings\" : false"), config);
  }

  @Test
  void theCheckpointKeepsEverySettingThatARunNeeds() throws IOException {
    var run = folder.resolve("run");
    Commands.run(
            training(
                run, "--steps=2", "--optimizer=sophia-g", "--schedule=wsd", "--weight-decay=0.05"))
        .requireGood();
    var state = TrainerState.read(run.resolve("latest"));
    assertEquals(2, state.step());
    assertEquals(2 * 4 * 16, state.position());
    for (var setting : Setting.ALL) {
      assertTrue(setting.takes(state.config().get(setting.name())), setting.name());
    }
    assertEquals("wsd", state.config().get("schedule"));
    assertEquals(0.05, state.config().get("weight-decay"));
  }

  @Test
  void whatIsRecomputedChangesNothingButMemory() throws IOException {
    double planned = Double.POSITIVE_INFINITY;
    for (var word : Setting.named("recompute").choices()) {
      var run = folder.resolve(word);
      Commands.run(training(run, "--steps=3", "--layers=4", "--recompute=" + word)).requireGood();
      assertArrayEquals(weights("none"), weights(word));
      assertEquals(word, TrainerState.read(run.resolve("latest")).config().get("recompute"));
      var machine = Journal.read(run.resolve(Run.JOURNAL)).getFirst();
      double bytes = machine.number("plannedBytes").orElseThrow();
      assertTrue(bytes < planned, "%s plans for %.0f bytes".formatted(word, bytes));
      planned = bytes;
    }
  }

  @Test
  void aTokenFileNamesNoTokenizerAndItsLargestIdDecidesTheVocabulary() throws IOException {
    var tokens = folder.resolve("tokens.bin");
    var bytes = new byte[4000];
    for (int i = 0; i < bytes.length; i += 2) bytes[i] = (byte) (i * i % 89);
    Files.write(tokens, bytes);
    var run = folder.resolve("run");
    var arguments = Commands.training(tokens, run, "--steps=2");
    Commands.run(arguments).requireGood();
    var state = TrainerState.read(run.resolve("latest"));
    assertFalse(state.config().containsKey("tokenizer"));
    assertEquals(89L, state.config().get("vocab"));
  }

  private List<String> training(Path run, String... more) throws IOException {
    return Commands.training(Commands.texts(folder.resolve("texts"), 1), run, more);
  }

  private byte[] weights(String run) throws IOException {
    return Files.readAllBytes(folder.resolve(run).resolve("latest/model.safetensors"));
  }

  private static List<Long> steps(List<JournalEntry> journal, String field) {
    return journal.stream()
        .filter(entry -> entry.number(field).isPresent())
        .map(JournalEntry::step)
        .toList();
  }

  private static List<Double> losses(List<JournalEntry> journal, String field) {
    return journal.stream().flatMapToDouble(entry -> entry.number(field).stream()).boxed().toList();
  }
}
