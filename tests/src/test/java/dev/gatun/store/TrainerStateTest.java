package dev.gatun.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.InvalidArgument;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

class TrainerStateTest {
  private static final String GOOD =
      "{'step':7,'seed':-1,'position':917504,'config':{'lr':6e-4,'name':'a','tied':true,'batch':4}}"
          .replace('\'', '"');

  @TempDir Path folder;

  @Test
  void everyKindOfSettingComesBackExactlyAndInOrder() {
    var config = new LinkedHashMap<String, Object>();
    config.put("z", "first \"quoted\"\n\\ ü \u0000 €");
    config.put("a", true);
    config.put("lr", 0.1);
    config.put("third", 1.0 / 3);
    config.put("small", Double.MIN_VALUE);
    config.put("whole double", 4.0);
    config.put("rate", 6e-4f);
    config.put("batch", 8);
    config.put("tokens", Long.MAX_VALUE);
    config.put("", false);
    var state = new TrainerState(3, Long.MIN_VALUE, 1L << 53 | 1, config);
    state.write(folder);
    var back = TrainerState.read(folder);
    assertEquals(state, back);
    assertEquals(config.keySet().stream().toList(), back.config().keySet().stream().toList());
    assertEquals(8L, back.config().get("batch"));
    assertEquals(4.0, back.config().get("whole double"));
    assertEquals(6e-4f, ((Double) back.config().get("rate")).floatValue());
  }

  @Test
  void theFileSaysWhatItMeans() throws IOException {
    Files.writeString(folder.resolve("trainer.json"), GOOD);
    var state = TrainerState.read(folder);
    assertEquals(7, state.step());
    assertEquals(-1, state.seed());
    assertEquals(917504, state.position());
    assertEquals(Map.of("lr", 6e-4, "name", "a", "tied", true, "batch", 4L), state.config());
  }

  @Test
  void itsConfigCannotBeChangedBehindItsBack() {
    var config = new LinkedHashMap<String, Object>(Map.of("a", 1));
    var state = new TrainerState(0, 0, 0, config);
    config.put("b", 2);
    assertEquals(Map.of("a", 1L), state.config());
    assertThrows(UnsupportedOperationException.class, () -> state.config().clear());
  }

  @Test
  void settingsOfOtherKindsAreRefused() {
    for (var value : Arrays.asList(null, Double.NaN, 1f / 0, List.of(), 'c', new int[0])) {
      var config = new LinkedHashMap<String, Object>();
      config.put("odd", value);
      var message =
          assertThrows(InvalidArgument.class, () -> new TrainerState(0, 0, 0, config)).getMessage();
      assertTrue(message.startsWith("setting \"odd\" is "), message);
    }
    assertThrows(InvalidArgument.class, () -> new TrainerState(-1, 0, 0, Map.of()));
    assertThrows(InvalidArgument.class, () -> new TrainerState(0, 0, -1, Map.of()));
  }

  private record Refusal(String from, String to, String sentence) {}

  @TestFactory
  Stream<DynamicTest> eachBadFileIsRefusedInOneSentence() {
    return Stream.of(
            new Refusal("\"step\":7,", "", "lacks the field \"step\""),
            new Refusal("\"seed\":-1,", "", "lacks the field \"seed\""),
            new Refusal("\"position\":917504,", "", "lacks the field \"position\""),
            new Refusal("\"config\":", "\"other\":", "holds \"other\""),
            new Refusal("917504", "-1", "\"position\" is -1; it must be zero or more"),
            new Refusal("917504", "1.5", "\"position\" is 1.5; it must be a whole number"),
            new Refusal("917504", "9223372036854775808", "it must be a whole number"),
            new Refusal("\"step\":7", "\"step\":7,\"step\":8", "Duplicate"),
            new Refusal("6e-4", "null", "setting \"lr\" is null"),
            new Refusal("6e-4", "[1]", "setting \"lr\" is [1]"),
            new Refusal("6e-4", "1e400", "setting \"lr\" is Infinity"),
            new Refusal("4}}", "4}", "document is not valid JSON"),
            new Refusal(GOOD, "", "is empty"),
            new Refusal(GOOD, "{}", "lacks the field \"config\""))
        .map(each -> DynamicTest.dynamicTest(each.sentence(), () -> refuse(each)));
  }

  private void refuse(Refusal refusal) throws IOException {
    var text = GOOD.replace(refusal.from(), refusal.to());
    assertTrue(!text.equals(GOOD), "the edit changes nothing");
    var there = Files.createTempDirectory(folder, "state");
    Files.writeString(there.resolve("trainer.json"), text);
    var message = assertThrows(BadFile.class, () -> TrainerState.read(there)).getMessage();
    assertTrue(message.contains("trainer.json: "), message);
    assertTrue(message.contains(refusal.sentence()), message);
    assertEquals(1, message.lines().count(), message);
  }
}
