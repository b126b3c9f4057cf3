package dev.gatun.golden;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.grad.Tape;
import dev.gatun.laws.Devices;
import dev.gatun.nn.Gpt;
import dev.gatun.optim.AdamW;
import dev.gatun.store.GptCheckpoint;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.io.IOException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Ten steps of AdamW on a 2-layer GPT-2, half of them clipped, against PyTorch: losses, norms and
/// how far every parameter moved.
@Tag("backend")
class AdamWGoldenTest {
  /// The changes are stored as float32.
  private static final double STORED = 1e-7;

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F32", "F64"})
  void tenStepsAgreeWithPyTorch(DType dtype) throws IOException {
    try (var golden = Golden.open("gpt2/adamw");
        var device = Devices.underTest();
        var memory = device.scope()) {
      var gpt = GptCheckpoint.read(Golden.folder().resolve("gpt2/hf"), memory, dtype);
      var before = weights(gpt);
      var facts = golden.facts();
      var adamw = new AdamW(gpt.parameters(), config(facts));
      var losses = new double[10];
      var norms = new double[10];
      var rates = (List<?>) facts.get("learning_rates");
      for (int step = 0; step < 10; step++) {
        losses[step] = backward(golden, gpt, step);
        adamw.step(Golden.number(rates.get(step)));
        norms[step] = adamw.gradientNorm().orElseThrow();
      }
      var figures = Golden.object(facts.get("fp32_error"));
      held(golden, "losses", losses, dtype, Golden.FORWARD, figures);
      held(golden, "gradient_norms", norms, dtype, Golden.GRADIENT, figures);
      held(
          golden,
          "final_loss",
          new double[] {backward(golden, gpt, 0)},
          dtype,
          Golden.GRADIENT,
          figures);
      assertChanges(golden, gpt, before, Golden.object(figures.get("changes")));
    }
  }

  private static void held(
      Golden golden,
      String what,
      double[] actual,
      DType dtype,
      double k,
      Map<String, Object> figures) {
    var truth = golden.tensors().doubles(what);
    Golden.assertHeld(what, actual, truth, dtype, k, Golden.number(figures.get(what)));
  }

  private static AdamW.Config config(Map<String, Object> facts) {
    return new AdamW.Config(
        Golden.number(facts.get("beta1")),
        Golden.number(facts.get("beta2")),
        Golden.number(facts.get("eps")),
        Golden.number(facts.get("weight_decay")),
        Golden.number(facts.get("max_norm")));
  }

  private static double backward(Golden golden, Gpt gpt, int step) {
    var all = golden.shape("tokens");
    int size = (int) (all.size(1) * all.size(2));
    try (var tape = Tape.open(gpt.device())) {
      var loss =
          gpt.loss(
              part(golden, tape, "tokens", step, size), part(golden, tape, "targets", step, size));
      tape.backward(loss);
      return loss.item();
    }
  }

  private static Tensor part(Golden golden, Tape tape, String name, int step, int size) {
    var all = golden.shape(name);
    var ids = Arrays.copyOfRange(golden.ints(name), step * size, (step + 1) * size);
    return Tensor.of(tape, Shape.of(all.size(1), all.size(2)), ids);
  }

  private static Map<String, double[]> weights(Gpt gpt) {
    var weights = new LinkedHashMap<String, double[]>();
    for (var name : gpt.parameters().names()) {
      weights.put(name, GptGoldenTest.stored(gpt, name, gpt.parameters().get(name).toDoubles()));
    }
    return weights;
  }

  private static void assertChanges(
      Golden golden, Gpt gpt, Map<String, double[]> before, Map<String, Object> figures) {
    var leftOut = Golden.object(golden.facts().get("left_out"));
    var dtype = gpt.parameters().dtype();
    assertEquals(figures.size(), before.size());
    weights(gpt)
        .forEach(
            (name, after) -> {
              var stored = "transformer." + name;
              var change = new double[after.length];
              for (int i = 0; i < change.length; i++) change[i] = after[i] - before.get(name)[i];
              var truth = golden.tensors().doubles(stored);
              if (leftOut.get(stored) instanceof List<?> range) {
                blank(change, range);
                blank(truth, range);
              }
              double figure =
                  Math.max(STORED / Golden.GRADIENT, Golden.number(figures.get(stored)));
              var held = dtype == DType.F64 ? STORED / Golden.GRADIENT : figure;
              Golden.assertHeld(
                  "change of " + name, change, truth, DType.F32, Golden.GRADIENT, held);
            });
  }

  private static void blank(double[] values, List<?> range) {
    Arrays.fill(values, (int) Golden.number(range.get(0)), (int) Golden.number(range.get(1)), 0);
  }
}
