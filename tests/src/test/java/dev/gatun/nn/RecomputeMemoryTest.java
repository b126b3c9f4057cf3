package dev.gatun.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.grad.Direction;
import dev.gatun.grad.HessianVector;
import dev.gatun.grad.Tape;
import dev.gatun.memory.Device;
import dev.gatun.memory.Recording;
import dev.gatun.memory.Scope;
import dev.gatun.optim.Hutchinson;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// What computing again spares, in bytes that were handed out and in bytes that a recording plans.
class RecomputeMemoryTest {
  @AutoClose private final Device device = Device.cpu(1);

  static Stream<Arguments> settings() {
    var shapes =
        Map.of(
            GptConfig.of(3, 2, 32, 24, 256), 2,
            GptConfig.of(2, 1, 24, 7, 300).withFeedForward(88).withUntiedHead(), 3,
            GptConfig.of(4, 3, 48, 32, 300).withoutBias(), 1);
    return shapes.entrySet().stream()
        .flatMap(
            shape ->
                Stream.of(Recompute.values())
                    .map(each -> Arguments.of(shape.getKey(), shape.getValue(), each)));
  }

  /// A loss of windows that the tape holds.
  private static Tensor loss(Gpt gpt, Tape tape, int rows) {
    int time = gpt.config().context();
    var shape = Shape.of(rows, time);
    return gpt.loss(
        Tensor.of(tape, shape, new int[rows * time]), Tensor.of(tape, shape, new int[rows * time]));
  }

  @ParameterizedTest
  @MethodSource("settings")
  void aStepTakesWhatIsSaidBeforehand(GptConfig config, int rows, Recompute recompute) {
    var memory = GptMemory.of(config, rows, config.context(), DType.F32, recompute);
    var gpt = Gpt.create(config, device.scope(), DType.F32, 1).withRecompute(recompute);
    try (var tape = Tape.open(device)) {
      var loss = loss(gpt, tape, rows);
      assertEquals(memory.forward(), tape.usedBytes());
      tape.backward(loss);
      assertEquals(memory.forward() + memory.backward(), tape.usedBytes());
      assertEquals(memory.recomputed(), tape.recomputedBytes());
    }
  }

  /// An op of a segment works beside the tape and the segment's run.
  @ParameterizedTest
  @MethodSource("settings")
  void soDoesAProductWithTheHessian(GptConfig config, int rows, Recompute recompute) {
    var memory = GptMemory.of(config, rows, config.context(), DType.F32, recompute);
    var gpt = Gpt.create(config, device.scope(), DType.F32, 1).withRecompute(recompute);
    var probe = new Hutchinson(gpt.parameters(), 1).direction();
    var works = new HashMap<Scope, Tensor>();
    Direction direction =
        (parameter, work) -> {
          works.put(work, parameter);
          return probe.along(parameter, work);
        };
    try (var tape = Tape.open(device)) {
      var loss = loss(gpt, tape, rows);
      HessianVector.along(direction).inPlaceOfGradients().of(tape, loss);
      assertEquals(memory.forward() + memory.hessianProduct(), tape.usedBytes());
      long most =
          works.entrySet().stream()
              .mapToLong(
                  work ->
                      work.getKey().usedBytes()
                          + (isInSegment(gpt, work.getValue(), recompute)
                              ? tape.recomputedBytes()
                              : 0))
              .max()
              .getAsLong();
      assertEquals(memory.hessianWork(), most);
    }
  }

  private static boolean isInSegment(Gpt gpt, Tensor parameter, Recompute recompute) {
    var part = recompute == Recompute.MLP ? ".mlp." : "h.";
    return gpt.parameters().names().stream()
        .anyMatch(name -> gpt.parameters().get(name) == parameter && name.contains(part));
  }

  /// Counted in (B, T, C) arrays, what the walk back reads of each block with MLPs four times as
  /// wide: 3 of qkv, 1 of attention's mixture, 2 sums and their 2 norms, 4 before GELU and 4 behind
  /// it, 16 in all. Where MLPs are recomputed the 8 are missing; where blocks are, all but a sum
  /// and its norm. So each block spares 8 arrays, then 6. What is recomputed is there once: 9 of an
  /// MLP are little more than one block spares, and a second one's worth is the planner's; 18 of a
  /// block, its results among them, are what three blocks spare, and a fourth one's worth is the
  /// planner's.
  @Test
  void aRecordingOfTwelveLayersPlansForLess() {
    int layers = 12;
    var config = GptConfig.of(layers, 4, 64, 64, 128);
    long array = 2L * 64 * 64 * Float.BYTES;
    var gpt = Gpt.create(config, device.scope(), DType.F32, 1);
    long none = planned(gpt, Recompute.NONE);
    long mlp = planned(gpt, Recompute.MLP);
    long block = planned(gpt, Recompute.BLOCK);
    assertTrue(none >= layers * 16 * array, none + " bytes");
    assertTrue(none - mlp >= (layers - 2) * 8 * array, none + " and " + mlp);
    assertTrue(mlp - block >= (layers - 4) * 6 * array, mlp + " and " + block);
  }

  private long planned(Gpt gpt, Recompute recompute) {
    var some = gpt.withRecompute(recompute);
    try (Recording recording =
        device.record(
            () -> {
              gpt.parameters().forgetGradients();
              try (var tape = Tape.open(device)) {
                tape.backward(loss(some, tape, 2));
              }
            })) {
      var memory = GptMemory.of(gpt.config(), 2, 64, DType.F32, recompute);
      assertTrue(
          recording.heldBytes() <= memory.forward() + memory.backward() + memory.recomputed());
      return recording.heldBytes();
    }
  }
}
