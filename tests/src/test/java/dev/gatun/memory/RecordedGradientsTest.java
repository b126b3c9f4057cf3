package dev.gatun.memory;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.InvalidArgument;
import dev.gatun.grad.Tape;
import dev.gatun.nn.Parameters;
import dev.gatun.optim.AdamW;
import dev.gatun.optim.OnDevice;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Whether a gradient overwrites or is added is the host's affair, and replays keep to it.
@Tag("backend")
class RecordedGradientsTest {
  private static final int STEPS = 3;
  private static final double RATE = 0.1;

  @AutoClose private final OnDevice on = new OnDevice();
  private final Device device = on.device();
  private final Scope memory = on.memory();

  /// Two vectors, of which only the first has a gradient.
  private final class Model {
    final Parameters parameters =
        Parameters.declare().plain("w", 4).plain("idle", 3).allocate(memory, DType.F32);
    final AdamW optimizer = new AdamW(parameters, AdamW.Config.DEFAULTS);

    Model() {
      try (var scope = device.scope()) {
        var start = Tensor.of(scope, Shape.of(4), 1f, -2f, 3f, -4f);
        copy(parameters.get("w"), start);
      }
    }

    void backward() {
      try (var tape = Tape.open(device)) {
        tape.backward(parameters.get("w").square().sum());
      }
    }

    float[] gradient() {
      return on.floatsAt(parameters.get("w").slot().orElseThrow().gradient(), 4);
    }

    boolean isFresh() {
      return parameters.get("w").slot().orElseThrow().fresh();
    }

    float[] weights() {
      return parameters.get("w").toFloats();
    }
  }

  private void copy(Tensor to, Tensor from) {
    long bytes = from.shape().count() * Float.BYTES;
    device.kernels().copy(device.stream().handle(), to.data(), from.data(), bytes);
  }

  @Test
  void anEagerMoveSeesTheGradientsOfAReplay() {
    var eager = new Model();
    var replayed = new Model();
    Runnable gradients =
        () -> {
          replayed.parameters.forgetGradients();
          replayed.backward();
        };
    try (var recording = device.record(gradients)) {
      for (int step = 0; step < STEPS; step++) {
        eager.backward();
        eager.optimizer.step(RATE);
        recording.replay();
        assertFalse(replayed.isFresh());
        replayed.optimizer.step(RATE);
        assertArrayEquals(eager.weights(), replayed.weights(), "step " + step);
        assertTrue(replayed.optimizer.gradientNorm().orElseThrow() > 1);
      }
    }
  }

  @Test
  void aReplayedMoveSeesEagerGradients() {
    var eager = new Model();
    var replayed = new Model();
    replayed.backward();
    try (var recording = device.record(replayed.optimizer::apply)) {
      assertFalse(replayed.isFresh(), "nothing has run yet");
      for (int step = 0; step < STEPS; step++) {
        eager.backward();
        eager.optimizer.step(RATE);
        if (step > 0) replayed.backward();
        replayed.optimizer.prepare(RATE);
        recording.replay();
        assertTrue(replayed.isFresh());
        assertArrayEquals(eager.weights(), replayed.weights(), "step " + step);
      }
    }
  }

  @Test
  void whatIsAddedToWhatIsThereIsAddedByReplays() {
    var model = new Model();
    model.backward();
    var once = model.gradient();
    try (var recording = device.record(model::backward)) {
      assertArrayEquals(once, model.gradient());
      recording.replay();
      recording.replay();
      for (int i = 0; i < once.length; i++) assertEquals(3 * once[i], model.gradient()[i]);
      model.parameters.forgetGradients();
      refused("would add to some that were forgotten", recording);
    }
  }

  @Test
  void whatOverwritesIsRefusedWhereGradientsHaveArrived() {
    var model = new Model();
    try (var recording = device.record(model::backward)) {
      assertTrue(model.isFresh(), "nothing has run yet");
      recording.replay();
      var once = model.gradient();
      refused("would overwrite one that has", recording);
      model.parameters.forgetGradients();
      recording.replay();
      assertArrayEquals(once, model.gradient());
    }
  }

  @Test
  void aStepThatFailsLeavesGradientsAsTheyWere() {
    var model = new Model();
    Runnable step =
        () -> {
          model.backward();
          throw new IllegalStateException("of the step's own");
        };
    assertThrows(IllegalStateException.class, () -> device.record(step));
    assertTrue(model.isFresh());
    model.backward();
    assertArrayEquals(new float[] {2, -4, 6, -8}, model.gradient());
  }

  private static void refused(String sentence, Recording recording) {
    var refusal = assertThrows(InvalidArgument.class, recording::replay);
    assertTrue(refusal.getMessage().contains(sentence), refusal.getMessage());
  }
}
