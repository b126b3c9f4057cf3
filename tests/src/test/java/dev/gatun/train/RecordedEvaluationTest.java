package dev.gatun.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import dev.gatun.memory.Device;
import dev.gatun.memory.Scope;
import dev.gatun.nn.Gpt;
import dev.gatun.nn.GptConfig;
import dev.gatun.optim.OnDevice;
import dev.gatun.tensor.DType;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// A replayed evaluation finds what one op by op finds, to the bit.
@Tag("backend")
class RecordedEvaluationTest {
  private static final int VOCABULARY = 31;
  private static final int CONTEXT = 9;

  @AutoClose private final OnDevice on = new OnDevice();
  private final Device device = on.device();
  private final Scope memory = on.memory();
  private final Tokens tokens =
      Tokens.of(IntStream.range(0, 200).map(i -> (i * i + i / 7) % VOCABULARY).toArray());

  /// Batches of as many rows may be of other lengths.
  @ParameterizedTest
  @EnumSource(names = {"F32", "BF16"})
  void ofBatchesOfAnyShapes(DType dtype) {
    var batches = List.of(batch(9, 3, 50), batch(4, 60, 7), batch(9, 90), batch(9, 11, 70));
    var gpt = Gpt.create(GptConfig.of(2, 2, 16, CONTEXT, VOCABULARY), memory, dtype, 3);
    try (var recorded = new RecordedEvaluation(gpt, batches)) {
      var first = recorded.run();
      assertEquals(Evaluation.of(gpt, batches), first);
      gpt.parameters().master("wte.weight").copyFrom(scaled(gpt));
      gpt.parameters().round();
      assertEquals(Evaluation.of(gpt, batches), recorded.run());
      assertNotEquals(first, recorded.run());
    }
  }

  private static double[] scaled(Gpt gpt) {
    double[] numbers = gpt.parameters().master("wte.weight").toDoubles();
    for (int i = 0; i < numbers.length; i++) numbers[i] *= 3;
    return numbers;
  }

  private Batch batch(int time, long... positions) {
    return Batch.of(tokens, time, positions);
  }
}
