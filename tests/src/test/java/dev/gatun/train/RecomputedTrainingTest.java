package dev.gatun.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.memory.Device;
import dev.gatun.memory.Scope;
import dev.gatun.nn.Gpt;
import dev.gatun.nn.GptConfig;
import dev.gatun.nn.Recompute;
import dev.gatun.optim.AdamW;
import dev.gatun.optim.Schedule;
import dev.gatun.optim.Sophia;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.util.ArrayList;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Whatever is computed again, some steps of training, refreshes of the curvature among them, lead
/// to the same weights, in less memory.
class RecomputedTrainingTest {
  private static final GptConfig CONFIG = GptConfig.of(4, 2, 16, 16, 30);
  private static final int STEPS = 4;

  @AutoClose private final Device device = Device.cpu(2);
  private final Scope scope = device.scope();

  @ParameterizedTest
  @ValueSource(strings = {"adamw", "sophia-h", "sophia-g"})
  void theWeightsAreTheSame(String optimizer) {
    var batches = batches();
    var planned = new ArrayList<Long>();
    float[] expected = null;
    for (var recompute : Recompute.values()) {
      var gpt = Gpt.create(CONFIG, scope, DType.F32, 1).withRecompute(recompute);
      try (var trainer = trainer(optimizer, gpt, batches)) {
        for (int i = 0; i < STEPS; i++) trainer.step();
        planned.add(trainer.recording().heldBytes());
      }
      if (expected == null) expected = weights(gpt);
      else assertArrayEquals(expected, weights(gpt), recompute.toString());
    }
    assertTrue(planned.get(0) > planned.get(1) && planned.get(1) > planned.get(2), "" + planned);
  }

  private static Batches batches() {
    var tokens = Tokens.of(IntStream.range(0, 500).map(i -> i * i % 30).toArray());
    return new Batches(tokens, 6, 16, 1);
  }

  /// Two micro-steps a step; with Sophia a refresh before every other step.
  private static Trainer trainer(String optimizer, Gpt gpt, Batches batches) {
    var schedule = Schedule.constant(0.01);
    if (optimizer.equals("adamw")) {
      var adamw = new AdamW(gpt.parameters(), AdamW.Config.DEFAULTS);
      return new Trainer(gpt, adamw, schedule, batches, 2);
    }
    var plan = new CurvatureRefresh.Plan(2, 0.5);
    var sophia = new Sophia(gpt.parameters(), Sophia.Config.HUTCHINSON);
    var refresh =
        optimizer.equals("sophia-h")
            ? CurvatureRefresh.hutchinson(gpt, sophia, plan, 7)
            : CurvatureRefresh.bartlett(gpt, sophia, plan, 7);
    return new Trainer(gpt, refresh, schedule, batches, 2);
  }

  private float[] weights(Gpt gpt) {
    var shape = Shape.of(gpt.parameters().count());
    return Tensor.over(scope, gpt.parameters().parts().getFirst().weights(), DType.F32, shape, null)
        .toFloats();
  }
}
