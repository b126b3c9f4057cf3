package dev.gatun.tool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What `plan` prints.
class PlanCommandTest {
  @TempDir Path folder;

  @Test
  void theJsonHasEveryFieldWithAllItsDigits() throws IOException {
    var plan = json("--flops=5.76e23", "--gpu=h200", "--shapes=2");
    assertEquals("epoch-2024", plan.get("law"));
    assertEquals(7.224870250038242e10, number(plan, "params"), 1);
    assertEquals(1.328743585388151e12, number(plan, "tokens"), 10);
    assertEquals(18.39124495531415, number(plan, "tokensPerParam"), 1e-12);
    assertEquals(1.974441108397412, number(plan, "loss"), 1e-14);
    assertEquals(5.76e23, number(plan, "flops"), 1e9);
    assertEquals(List.of(), plan.get("warnings"));
    assertTrue(part(plan, "band").get("basis").toString().contains("80 %"));
    assertEquals("h200", part(plan, "cost").get("gpu"));
    assertEquals(404_285, number(part(plan, "cost"), "gpuHours"), 1);
    var shapes = (List<?>) plan.get("shapes");
    assertEquals(2, shapes.size());
    var shape = (Map<?, ?>) shapes.getFirst();
    for (var field :
        List.of(
            "layers", "heads", "width", "feedForward", "vocab", "context", "params", "tokens")) {
      assertTrue(((Number) shape.get(field)).doubleValue() > 0, field);
    }
    var memory = part(shape, "memoryBytes");
    double sum = 0;
    for (var of : List.of("weights", "gradients", "optimizer", "activations")) {
      sum += number(memory, of);
    }
    assertEquals(sum, number(memory, "total"));
    assertEquals(false, shape.get("fitsGpu"));
  }

  @Test
  void gpuHoursAreABudget() throws IOException {
    var hours = json("--gpu-hours=1000", "--gpu=h200", "--mfu=0.5");
    assertEquals(1000 * 3600 * 989.4e12 * 0.5, number(hours, "flops"), 1e9);
    assertEquals(1000, number(part(hours, "cost"), "gpuHours"), 1e-9);
  }

  @ParameterizedTest
  @CsvSource({"--params, params", "--tokens, tokens", "--loss, loss"})
  void anyCoordinateIsAnswered(String option, String field) throws IOException {
    double value = field.equals("loss") ? 2.1 : 3e10;
    assertEquals(value, number(json(option + "=" + value), field), 1e-9 * value);
  }

  @Test
  void servingRepeatsAndSavingsShow() throws IOException {
    var served = json("--flops=1e21", "--serve-tokens=2e12");
    assertTrue(number(served, "params") < number(part(served, "optimum"), "params"));
    assertEquals(number(part(served, "optimum"), "loss"), number(served, "loss"), 1e-12);
    assertTrue(
        number(part(served, "serving"), "totalFlops")
            < number(part(served, "serving"), "totalFlopsOfOptimum"));
    var dear = json("--flops=1e21", "--serve-tokens=2e12", "--serve-mfu=0.1");
    assertEquals(4, number(part(dear, "serving"), "servingCost"), 1e-12);
    var repeated = json("--flops=1e21", "--unique-tokens=1e9");
    assertTrue(number(part(repeated, "repeats"), "epochs") > 4);
    assertTrue(repeated.get("warnings").toString().contains("repeated-data"));
    assertEquals(2, number(json("--flops=1e21", "--saving=2"), "saving"));
    var text = Commands.run("plan", "--flops=1e21", "--saving=2").requireGood().out();
    assertTrue(text.contains("measured, entered by hand"), text);
  }

  @Test
  void theTableNamesShapesAndTheExplanationItsSources() {
    var text = Commands.run("plan", "--flops=1e20", "--explain").requireGood().out();
    for (var part :
        List.of(
            "--layers ",
            "fits one h100",
            "GPU-hours",
            "CO2e",
            "Table 3",
            "arXiv 2404.10102",
            "arXiv 2203.15556, equation 4",
            "6 N a token",
            "Uptime Institute")) {
      assertTrue(text.contains(part), "\"" + part + "\" is missing in " + text);
    }
    var far = Commands.run("plan", "--flops=1e26").requireGood().out();
    assertTrue(far.contains("warning    extrapolation: "), far);
  }

  @Test
  void aFitsFileIsALaw() throws IOException {
    var fit = folder.resolve("fit.json");
    Files.writeString(
        fit,
        "{\"law\":{\"e\":1.69,\"a\":406.4,\"b\":410.7,\"alpha\":0.34,\"beta\":0.28},"
            + "\"flopsRange\":[1e12,1e14]}");
    var plan = json("--law=" + fit, "--flops=1e21");
    assertEquals(1.824218e9, number(plan, "params"), 1e3);
    assertTrue(plan.get("warnings").toString().contains("extrapolation"));
  }

  @Test
  void auditsOfPublishedModelsAndOfARunOfOurs() throws IOException {
    assertEquals("undertrained", json("--audit=gopher").get("verdict"));
    assertEquals("undertrained", json("--audit=gpt3").get("verdict"));
    assertEquals("near optimal", json("--audit=chinchilla").get("verdict"));
    var run = folder.resolve("run");
    var texts = Commands.texts(folder.resolve("texts"), 1);
    Commands.run(Commands.training(texts, run, "--steps=5")).requireGood();
    var audit = json("--audit=" + run);
    assertEquals(10_944, number(audit, "params"));
    assertEquals(5 * 4 * 16, number(audit, "tokens"));
    assertTrue(number(audit, "measuredLoss") > 1);
    var text = Commands.run("plan", "--audit=" + run).requireGood().out();
    assertTrue(text.contains("undertrained: ") && text.contains("measured "), text);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "2 |                                    | 0 of --flops",
        "2 | --flops=1e20 --tokens=1e9          | 2 of --flops",
        "2 | --flops=many                       | many",
        "2 | --audit=gopher --flops=1           | takes no --flops",
        "2 | --flops=1e20 --serve-tokens=1 --unique-tokens=1 | do not go together",
        "2 | --flops=1e20 --serve-mfu=0.1       | goes with --serve-tokens",
        "1 | --flops=-1                         | -1.0",
        "1 | --flops=NaN                        | NaN",
        "1 | --loss=1.8                         | below 1.8172",
        "1 | --flops=1e20 --law=kaplan          | no law \"kaplan\"",
        "1 | --flops=1e20 --law=/nowhere.json   | is no file",
        "1 | --flops=1e20 --gpu=tpu             | no GPU \"tpu\"",
        "1 | --flops=1e20 --mfu=2               | the MFU is 2.0",
        "1 | --flops=1e20 --precision=fp8       | no precision \"fp8\"",
        "1 | --flops=1e20 --optimizer=adam      | no optimizer \"adam\"",
        "1 | --flops=1e20 --flop-count=5nd      | no FLOP count \"5nd\"",
        "1 | --flops=1e20 --saving=0            | the saving is 0.0",
        "1 | --flops=1e20 --vocab=0             | the vocabulary is 0.0",
        "1 | --tokens=1e9 --unique-tokens=1e8   | limited data",
        "1 | --flops=1e20 --serve-tokens=-5     | -5.0",
        "1 | --flops=1e20 --price=-1            | -1.0",
        "1 | --audit=/nowhere                   | does not exist"
      })
  void whatCannotBeIsRefusedInOneSentence(int code, String arguments, String sentence) {
    var line = new ArrayList<>(List.of("plan"));
    if (arguments != null) line.addAll(Arrays.asList(arguments.split(" ")));
    Commands.run(line).requireRefusal(code, sentence);
  }

  private static Map<String, Object> json(String... arguments) throws IOException {
    var line = new ArrayList<>(List.of("plan", "--json"));
    line.addAll(List.of(arguments));
    return JSON.std.mapFrom(Commands.run(line).requireGood().out());
  }

  private static Map<?, ?> part(Map<?, ?> of, String name) {
    return (Map<?, ?>) of.get(name);
  }

  private static double number(Map<?, ?> of, String name) {
    return ((Number) of.get(name)).doubleValue();
  }
}
