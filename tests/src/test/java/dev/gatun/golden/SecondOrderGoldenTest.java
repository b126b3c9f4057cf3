package dev.gatun.golden;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.grad.Direction;
import dev.gatun.grad.GaussNewtonVector;
import dev.gatun.grad.Gradients;
import dev.gatun.grad.HessianVector;
import dev.gatun.grad.Tape;
import dev.gatun.laws.Devices;
import dev.gatun.memory.Scope;
import dev.gatun.nn.Gpt;
import dev.gatun.store.GptCheckpoint;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import java.io.IOException;
import java.util.HashMap;
import java.util.function.BiFunction;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The Hessian and the Gauss-Newton matrix of a 2-layer GPT-2 that Hugging Face wrote, each times
/// a vector, against PyTorch's fp64 backward walk through its backward walk.
@Tag("backend")
class SecondOrderGoldenTest {
  @ParameterizedTest
  @CsvSource({"second_order, F64, 1e-11", "second_order, F32, 1e-4", "untied, F64, 1e-11"})
  void theHessianTimesAVectorIsPyTorchs(String file, DType dtype, double allowed)
      throws IOException {
    check(
        file,
        "hessian.",
        dtype,
        allowed,
        (direction, recorded) ->
            HessianVector.along(direction).of(recorded.tape(), recorded.loss()));
  }

  @ParameterizedTest
  @CsvSource({"second_order, F64, 1e-11", "second_order, F32, 1e-4", "untied, F64, 1e-11"})
  void theGaussNewtonMatrixTimesAVectorIsPyTorchs(String file, DType dtype, double allowed)
      throws IOException {
    check(
        file,
        "gauss_newton.",
        dtype,
        allowed,
        (direction, recorded) ->
            GaussNewtonVector.along(direction).of(recorded.tape(), recorded.loss()));
  }

  private record Recorded(Tape tape, Tensor loss) {}

  private static void check(
      String file,
      String matrix,
      DType dtype,
      double allowed,
      BiFunction<Direction, Recorded, Gradients> multiply)
      throws IOException {
    try (var golden = Golden.open("gpt2/" + file);
        var device = Devices.underTest();
        var memory = device.scope()) {
      var gpt = GptCheckpoint.read(golden.model(), memory, dtype);
      var direction = direction(golden, gpt, memory, dtype);
      try (var tape = Tape.open(device)) {
        var loss = gpt.loss(golden.on(tape, "tokens", dtype), golden.on(tape, "targets", dtype));
        var products = multiply.apply(direction, new Recorded(tape, loss));
        double size = 0;
        double error = 0;
        for (var name : gpt.parameters().names()) {
          var found = products.of(gpt.parameters().get(name)).toDoubles();
          var truth = golden.tensors().doubles(matrix + Golden.named(name));
          found = GptGoldenTest.stored(gpt, name, found);
          assertEquals(truth.length, found.length, name);
          for (int i = 0; i < truth.length; i++) {
            size += truth[i] * truth[i];
            error += (found[i] - truth[i]) * (found[i] - truth[i]);
          }
        }
        double relative = Math.sqrt(error / size);
        assertTrue(relative <= allowed, () -> "norm-relative error %.3g".formatted(relative));
      }
    }
  }

  /// As the script has it; zero where the vocabulary is padded.
  private static Direction direction(Golden golden, Gpt gpt, Scope scope, DType dtype) {
    var parts = new HashMap<Tensor, Tensor>();
    for (var name : gpt.parameters().names()) {
      var parameter = gpt.parameters().get(name);
      var part = new double[Math.toIntExact(parameter.shape().count())];
      int stored = golden.tensors().doubles("hessian." + Golden.named(name)).length;
      for (int i = 0; i < stored; i++) part[i] = ((7919L * i + 13) % 1024 - 512) / 512.0;
      parts.put(parameter, tensor(scope, parameter, part, dtype));
    }
    return Direction.of(parts);
  }

  private static Tensor tensor(Scope scope, Tensor like, double[] elements, DType dtype) {
    if (dtype == DType.F64) return Tensor.of(scope, like.shape(), elements);
    var floats = new float[elements.length];
    for (int i = 0; i < floats.length; i++) floats[i] = (float) elements[i];
    return Tensor.of(scope, like.shape(), floats);
  }
}
