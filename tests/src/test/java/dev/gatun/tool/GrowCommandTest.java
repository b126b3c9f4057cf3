package dev.gatun.tool;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.jr.ob.JSON;
import dev.gatun.growth.Bert2Bert;
import dev.gatun.growth.LigoForm;
import dev.gatun.growth.LigoHeads;
import dev.gatun.growth.LigoShape;
import dev.gatun.memory.Device;
import dev.gatun.memory.Scope;
import dev.gatun.nn.GptConfig;
import dev.gatun.store.GptCheckpoint;
import dev.gatun.store.GptConfigFile;
import dev.gatun.store.TrainerState;
import dev.gatun.tensor.DType;
import dev.gatun.train.Journal;
import dev.gatun.train.JournalEntry;
import dev.gatun.train.Run;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A small model trained for a moment, grown, and what other commands make of it.
class GrowCommandTest {
  /// Logits agree to 1e-5 of the largest, which is below 10: weights have moved by no more than 20
  /// times the rate. A loss is at most twice as sensitive as they are.
  private static final double SAME = 2e-4;

  @TempDir static Path folder;

  @BeforeAll
  static void trainASmallModel() throws IOException {
    var texts = Commands.texts(folder.resolve("texts"), 1);
    Commands.run(Commands.training(texts, folder.resolve("small"), "--steps=20")).requireGood();
  }

  private static Commands.Outcome grow(String out, String... options) {
    var arguments = new ArrayList<>(List.of("grow", "--from=" + folder.resolve("small")));
    arguments.addAll(List.of("--out=" + folder.resolve(out), "--device=cpu", "--threads=1"));
    arguments.addAll(List.of(options));
    return Commands.run(arguments).requireGood();
  }

  private static double loss(String model) throws IOException {
    var printed =
        Commands.run(
                "evaluate",
                "--model=" + folder.resolve(model),
                "--data=" + folder.resolve("texts"),
                "--batches=4",
                "--threads=1",
                "--json")
            .requireGood()
            .out();
    return ((Number) JSON.std.mapFrom(printed).get("loss")).doubleValue();
  }

  @Test
  void aClonedModelHasTheSameLossAndTrainsOn() throws IOException {
    var printed = grow("cloned", "--method=hypercloning", "--width=32", "--heads=4").out();
    assertTrue(printed.contains("10,944 parameters: 2 layers, 2 heads, width 16"), printed);
    assertTrue(printed.contains("34,176 parameters: 2 layers, 4 heads, width 32"), printed);
    assertTrue(printed.contains("function  the same, but for rounding"), printed);
    assertEquals(loss("small"), loss("cloned"), SAME);
    var out = folder.resolve("trained");
    Commands.run(
            "train",
            "--init=" + folder.resolve("cloned"),
            "--data=" + folder.resolve("texts"),
            "--out=" + out,
            "--steps=20",
            "--lr=0.001",
            "--batch=4",
            "--evaluate-batches=2",
            "--threads=1")
        .requireGood();
    assertEquals(20, TrainerState.read(out.resolve("latest")).step());
    assertEquals(lastLoss("small"), firstLoss("trained"), SAME);
    assertTrue(lastLoss("trained") < firstLoss("trained"));
  }

  private static double firstLoss(String run) {
    return losses(run).getFirst();
  }

  private static double lastLoss(String run) {
    return losses(run).getLast();
  }

  private static List<Double> losses(String run) {
    return Journal.read(folder.resolve(run).resolve(Run.JOURNAL)).stream()
        .filter(line -> line.number("validationLoss").isPresent())
        .map(line -> line.number("validationLoss").getAsDouble())
        .toList();
  }

  @Test
  void noiseLeavesTheFunctionAsItIs() throws IOException {
    var noise = "--noise=0.3";
    var noisy = grow("noisy", "--method=hypercloning", "--width=32", noise, "--seed=1");
    assertTrue(noisy.out().contains("function  the same"), noisy.out());
    assertEquals(loss("small"), loss("noisy"), SAME);
    grow("otherwise", "--method=hypercloning", "--width=32", noise, "--seed=2");
    var file = "model.safetensors";
    assertTrue(
        Files.mismatch(
                folder.resolve("noisy").resolve(file), folder.resolve("otherwise").resolve(file))
            >= 0);
  }

  @Test
  void aHeadOfItsOwnIsClonedToo() throws IOException {
    var texts = folder.resolve("texts");
    var untied = folder.resolve("untied");
    var trained = Commands.run(Commands.training(texts, untied, "--steps=20", "--no-tied-head"));
    assertTrue(trained.requireGood().out().contains("vocabulary 256, a head of its own"));
    var arguments = new ArrayList<>(List.of("grow", "--from=" + untied, "--method=hypercloning"));
    arguments.addAll(List.of("--out=" + folder.resolve("twice"), "--width=32", "--threads=1"));
    Commands.run(arguments).requireGood();
    assertEquals(loss("untied"), loss("twice"), SAME);
  }

  @Test
  void aDeeperModelIsAnotherUnlessItsNewBlocksAreZero() throws IOException {
    assertTrue(grow("deeper", "--method=zero-block", "--layers=5").out().contains("the same"));
    assertEquals(loss("small"), loss("deeper"), SAME);
    assertTrue(grow("stacked", "--method=stack", "--layers=5").out().contains("function  another"));
    assertTrue(Math.abs(loss("stacked") - loss("small")) > 10 * SAME);
    var text =
        Commands.run("generate", "--model=" + folder.resolve("stacked"), "--prompt=lock")
            .requireGood();
    assertFalse(text.out().isBlank());
  }

  /// What is asked for, or in proportion; the run that begins from it has it too, and goes on.
  @Test
  void theMlpsHaveAWidthOfTheirOwn() throws IOException {
    var printed = grow("inside", "--method=bert2bert-fpi", "--feed-forward=100").out();
    assertTrue(printed.contains("width 16, MLPs of 100, context"), printed);
    assertEquals(loss("small"), loss("inside"), SAME);
    var wider =
        Commands.run(
                "grow",
                "--from=" + folder.resolve("inside"),
                "--out=" + folder.resolve("wider"),
                "--method=hypercloning",
                "--width=32",
                "--threads=1")
            .requireGood();
    assertTrue(wider.out().contains("width 32, MLPs of 200, context"), wider.out());
    assertEquals(loss("small"), loss("wider"), SAME);
    var out = folder.resolve("further");
    for (var start :
        List.of("--init=" + folder.resolve("inside") + " --out=" + out, "--resume=" + out)) {
      var arguments = new ArrayList<>(List.of("train"));
      arguments.addAll(List.of(start.split(" ")));
      arguments.addAll(List.of("--data=" + folder.resolve("texts"), "--threads=1"));
      if (start.startsWith("--init")) arguments.addAll(List.of("--steps=2", "--batch=4"));
      Commands.run(arguments).requireGood();
    }
    var trained = GptConfigFile.read(out.resolve("latest")).config();
    assertEquals(GptConfig.of(2, 2, 16, 16, 256).withFeedForward(100), trained);
  }

  /// The folder has what a checkpoint of a model has, and nothing stands beside it, whatever an
  /// interrupted command left.
  @Test
  void theFolderIsWholeAndHoldsWhatTheMethodMakes() throws IOException {
    Files.writeString(
        Files.createDirectories(folder.resolve(".drawn.partial")).resolve("config.json"), "{");
    grow("drawn", "--method=bert2bert-fpi", "--layers=3", "--width=24", "--seed=5");
    grow("drawn-otherwise", "--method=bert2bert-fpi", "--layers=3", "--width=24", "--seed=6");
    try (var files = Files.list(folder.resolve("drawn"))) {
      var names = files.map(file -> file.getFileName().toString()).toList();
      assertEquals(Set.of("config.json", "model.safetensors"), new TreeSet<>(names));
    }
    assertFalse(Files.exists(folder.resolve(".drawn.partial")));
    try (var device = Device.cpu(1);
        var scope = device.scope()) {
      var small = GptCheckpoint.read(folder.resolve("small/latest"), scope, DType.F32);
      var target = GptConfig.of(3, 3, 24, 16, 256);
      var expected = new Bert2Bert(5).grow(small, target, scope);
      var drawn = GptCheckpoint.read(folder.resolve("drawn"), scope, DType.F32);
      var otherwise = GptCheckpoint.read(folder.resolve("drawn-otherwise"), scope, DType.F32);
      assertEquals(target, drawn.config());
      boolean differs = false;
      for (var name : expected.parameters().names()) {
        var weights = drawn.parameters().get(name).toFloats();
        assertArrayEquals(expected.parameters().get(name).toFloats(), weights, name);
        differs |= !Arrays.equals(otherwise.parameters().get(name).toFloats(), weights);
      }
      assertTrue(differs, "the seed is of no use");
    }
  }

  /// The maps are trained on the text; the loss falls, and the journal says what each part took.
  @Test
  void ligoTrainsItsMapsAndLeavesAJournal() throws IOException {
    var printed =
        grow(
                "learned",
                "--method=ligo",
                "--layers=3",
                "--width=32",
                "--data=" + folder.resolve("texts"),
                "--steps=12",
                "--warmup=2",
                "--rate=0.003",
                "--batch=4",
                "--seed=3")
            .out();
    assertTrue(printed.contains("shared form, whole heads, begun as bert2bert-fpi"), printed);
    assertTrue(printed.contains("rate 0.003 after 2 steps of warm-up, cosine to 0"), printed);
    assertTrue(printed.contains("moved     residual "), printed);
    var config = GptConfig.of(3, 4, 32, 16, 256);
    try (var device = Device.cpu(1);
        var scope = device.scope()) {
      assertEquals(
          config, GptCheckpoint.read(folder.resolve("learned"), scope, DType.F32).config());
    }
    var lines = Journal.read(folder.resolve("learned").resolve(LigoGrowth.JOURNAL));
    assertEquals(14, lines.size());
    var small = GptConfig.of(2, 2, 16, 16, 256);
    assertEquals(
        20 * 4 * 16 * small.flopsPerToken(16), number(lines.getFirst(), "smallModelFlops"));
    var shape = new LigoShape(small, config, LigoForm.SHARED, LigoHeads.WHOLE);
    for (var step : lines.subList(1, 13)) {
      assertEquals(shape.flops(), number(step, "operatorFlops"));
      assertEquals(4 * 16 * config.flopsPerToken(16), number(step, "modelFlops"));
      assertTrue(number(step, "rate") <= 0.003);
    }
    assertEquals(0.003 / 3, number(lines.get(1), "rate"), 1e-12);
    var last = lines.getLast();
    assertTrue(
        number(last, "validationLoss") < number(lines.getFirst(), "validationLoss"), printed);
    for (var map : List.of("residual", "queries", "hidden", "depth.mlp.c_proj")) {
      assertTrue(number(last, "moved." + map) > 0, map);
    }
  }

  private static double number(JournalEntry line, String name) {
    return line.number(name).orElseThrow();
  }

  /// Steps of no rate leave what the start makes.
  @Test
  void ligosOptionsReachItsMaps() throws IOException {
    var options =
        List.of(
            "--method=ligo",
            "--layers=4",
            "--data=" + folder.resolve("texts"),
            "--steps=1",
            "--rate=0",
            "--batch=2",
            "--context=8");
    var stacked = new ArrayList<>(options);
    stacked.addAll(List.of("--init-method=stack", "--noise=0", "--form=paper"));
    grow("as-stacked", stacked.toArray(String[]::new));
    grow("by-stack", "--method=stack", "--layers=4");
    var noisy = new ArrayList<>(options);
    noisy.addAll(List.of("--init-method=stack", "--head-maps=dense"));
    grow("as-noisy", noisy.toArray(String[]::new));
    var released = new ArrayList<>(options);
    released.addAll(List.of("--init-method=released", "--form=released", "--width=24"));
    assertTrue(
        grow("as-released", released.toArray(String[]::new)).out().contains("released form"));
    try (var device = Device.cpu(1);
        var scope = device.scope()) {
      var name = "h.2.mlp.c_fc.weight";
      var plain = weights("by-stack", name, scope);
      assertArrayEquals(plain, weights("as-stacked", name, scope));
      assertFalse(Arrays.equals(plain, weights("as-noisy", name, scope)));
    }
  }

  private static float[] weights(String model, String name, Scope scope) {
    return GptCheckpoint.read(folder.resolve(model), scope, DType.F32)
        .parameters()
        .get(name)
        .toFloats();
  }
}
