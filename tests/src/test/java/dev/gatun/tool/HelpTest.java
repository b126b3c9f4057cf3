package dev.gatun.tool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Every command explains itself, and the tool says what it is.
class HelpTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "train",
        "evaluate",
        "generate",
        "curvature",
        "grow",
        "fit",
        "plan",
        "ladder",
        "doctor"
      })
  void everyCommandExplainsItself(String command) {
    var outcome = Commands.run(command, "--help").requireGood();
    assertTrue(outcome.out().startsWith("Usage: gatun " + command), outcome.out());
    assertTrue(outcome.err().isEmpty(), outcome.err());
    assertTrue(Commands.run("--help").requireGood().out().contains("  " + command));
  }

  @ParameterizedTest
  @ValueSource(strings = {"hvp", "diagonal", "trace", "top"})
  void everyLookAtCurvatureExplainsItself(String command) {
    var out = Commands.run("curvature", command, "--help").requireGood().out();
    assertTrue(out.startsWith("Usage: gatun curvature " + command), out);
    for (var option : List.of("--model", "--data", "--batches", "--device", "--dtype", "--json")) {
      assertTrue(out.contains(option), option + " in " + out);
    }
  }

  @Test
  void theHelpOfTrainNamesEverySettingAndPreset() {
    var help = Commands.run("train", "--help").requireGood().out();
    for (var setting : Setting.ALL) {
      var option = setting.type() == Boolean.class ? "--[no-]" : "--";
      assertTrue(help.contains(option + setting.name()), setting.name());
    }
    for (var preset : Preset.words()) assertTrue(help.contains(preset), preset);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "train",
        "evaluate",
        "generate",
        "curvature",
        "grow",
        "fit",
        "plan",
        "ladder",
        "doctor"
      })
  void everyCommandKnowsTheVersion(String command) {
    var outcome =
        command.isEmpty() ? Commands.run("--version") : Commands.run(command, "--version");
    assertTrue(outcome.requireGood().out().startsWith("gatun "), outcome.out());
  }

  @Test
  void theHelpOfGrowNamesEveryMethod() {
    var help = Commands.run("grow", "--help").requireGood().out();
    for (var method : NamedGrowth.values()) {
      assertTrue(help.contains("\n" + method.word + " "), method + " in " + help);
    }
  }

  @Test
  void withoutACommandItSaysSo() {
    Commands.run().requireRefusal(2, "a command is missing");
    Commands.run("curvature").requireRefusal(2, "a command is missing: hvp, diagonal");
  }

  @Test
  void theStackTraceComesOnlyWhenAskedFor() {
    var plain = Commands.run("generate", "--model=/nowhere", "--prompt=a");
    assertEquals(1, plain.err().lines().count(), plain.err());
    var traced = Commands.run("generate", "--model=/nowhere", "--prompt=a", "--stacktrace");
    assertTrue(traced.err().contains("\tat dev.gatun.store"), traced.err());
    assertFalse(plain.err().contains("\tat "));
  }

  @Test
  void theDoctorNamesEveryBackendAndTheJdk() {
    var out = Commands.run("doctor").requireGood().out();
    assertTrue(out.contains("\ncpu: ") && out.contains("libgatun_cpu.so"), out);
    assertTrue(out.contains("\ncuda: "), out);
    assertTrue(out.contains("\njdk: " + System.getProperty("java.home")), out);
    assertTrue(out.contains("\ndefault data: "), out);
  }
}
