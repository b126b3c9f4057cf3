package dev.gatun.tool;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.grad.Direction;
import dev.gatun.grad.HessianVector;
import dev.gatun.grad.Tape;
import dev.gatun.optim.DenseCurvature;
import dev.gatun.store.GptCheckpoint;
import dev.gatun.store.OutgoingTensor;
import dev.gatun.store.Safetensors;
import dev.gatun.store.StoredTensor;
import dev.gatun.store.StoredType;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// `curvature hvp` beside the dense matrix, and beside slopes of gradients.
class CurvatureHvpTest extends CurvatureCase {
  /// A random vector in a file of its own, in fp64, with that prefix before its names.
  private double[] writeVector(Path file, String prefix) {
    var random = new SplittableRandom(8);
    var all = new ArrayList<double[]>();
    try (var arena = Arena.ofConfined()) {
      var tensors = new ArrayList<OutgoingTensor>();
      for (var name : gpt.parameters().names()) {
        var shape = gpt.parameters().get(name).shape().with(0, gpt.storedRows(name));
        var part = random.doubles(shape.count(), -1, 1).toArray();
        all.add(part);
        var bytes = arena.allocate(8L * part.length, 8).copyFrom(MemorySegment.ofArray(part));
        var tensor = StoredTensor.of(prefix + name, StoredType.F64, shape.sizes());
        tensors.add(OutgoingTensor.of(tensor, bytes));
      }
      Safetensors.write(file, tensors);
    }
    return all.stream().flatMapToDouble(Arrays::stream).toArray();
  }

  @ParameterizedTest
  @CsvSource({"false,transformer.", "true,transformer.", "false,''"})
  void hvpIsTheDenseMatrixTimesTheVector(boolean gaussNewton, String prefix) throws IOException {
    var file = folder.resolve("v.safetensors");
    var out = folder.resolve("hv.safetensors");
    var v = writeVector(file, prefix);
    var options = new ArrayList<>(List.of("--vector=" + file, "--out=" + out));
    if (gaussNewton) options.add("--gauss-newton");
    var printed = json("hvp", options.toArray(String[]::new));
    var matrix = dense(gaussNewton);
    var expected = DenseCurvature.times(matrix, v);
    double allowed = EXACT * norm(matrix) * length(v);
    assertArrayEquals(expected, read(out), allowed);
    assertEquals(gaussNewton ? "gaussNewton" : "hessian", printed.get("matrix"));
    assertEquals(v.length, number(printed, "weights"));
    assertEquals(WINDOWS * CONTEXT, number(printed, "targets"));
    assertEquals(length(v), number(printed, "vectorLength"), EXACT * length(v));
    assertEquals(length(expected), number(printed, "productLength"), allowed);
    double along = 0;
    for (int i = 0; i < v.length; i++) along += v[i] * expected[i];
    along /= length(v) * length(v);
    assertEquals(along, number(printed, "curvature"), EXACT * norm(matrix));
  }

  /// In the type that training uses the file holds, to the bit, what the library finds there.
  @Test
  void hvpInFp32HasTheBitsOfAProductByHand() {
    var file = folder.resolve("v.safetensors");
    var out = folder.resolve("hv.safetensors");
    var v = writeVector(file, "transformer.");
    run("hvp", "--vector=" + file, "--out=" + out, "--batch=6", "--batches=1");
    var single = GptCheckpoint.read(folder.resolve("model"), memory, DType.F32);
    try (var tape = Tape.open(device)) {
      var parts = new HashMap<Tensor, Tensor>();
      int at = 0;
      for (var name : single.parameters().names()) {
        var parameter = single.parameters().get(name);
        var part = new float[Math.toIntExact(parameter.shape().count())];
        int stored = Math.toIntExact(parameter.shape().with(0, single.storedRows(name)).count());
        for (int i = 0; i < stored; i++) part[i] = (float) v[at++];
        parts.put(parameter, Tensor.of(tape, parameter.shape(), part));
      }
      var product = HessianVector.along(Direction.of(parts)).of(tape, single.loss(tokens, targets));
      assertArrayEquals(DenseCurvature.flat(single, product::of), read(out));
    }
  }

  /// The product beside slopes of gradients, in which the token embedding moves both where it is
  /// read and where it is the head. Richardson's rule leaves an error of h^4 and the gradients'
  /// rounding over h.
  @Test
  void hvpIsTheSlopeOfTheGradientWithTheHeadTied() throws IOException {
    var file = folder.resolve("v.safetensors");
    var out = folder.resolve("hv.safetensors");
    var v = writeVector(file, "transformer.");
    json("hvp", "--vector=" + file, "--out=" + out);
    double h = 0x1p-12;
    var near = slope(v, h);
    var far = slope(v, 2 * h);
    var product = read(out);
    double largest = Arrays.stream(product).map(Math::abs).max().orElseThrow();
    for (int i = 0; i < v.length; i++) {
      assertEquals((4 * near[i] - far[i]) / 3, product[i], 1e-8 * largest, "element " + i);
    }
  }

  private double[] slope(double[] v, double h) {
    move(v, h);
    var above = gradient();
    move(v, -2 * h);
    var below = gradient();
    move(v, h);
    return IntStream.range(0, v.length).mapToDouble(i -> (above[i] - below[i]) / (2 * h)).toArray();
  }

  private double[] gradient() {
    gpt.parameters().forgetGradients();
    try (var tape = Tape.open(device)) {
      tape.backward(gpt.loss(tokens, targets));
    }
    return DenseCurvature.gradients(gpt);
  }

  private void move(double[] v, double h) {
    int at = 0;
    for (var name : gpt.parameters().names()) {
      var parameter = gpt.parameters().get(name);
      var weights = parameter.toDoubles();
      int stored = Math.toIntExact(parameter.shape().with(0, gpt.storedRows(name)).count());
      for (int i = 0; i < stored; i++) weights[i] += h * v[at++];
      parameter.copyFrom(MemorySegment.ofArray(weights));
    }
  }

  /// An eigenvector goes back in as it came out.
  @Test
  void hvpTakesTheVectorsOfTop() throws IOException {
    var vectors = folder.resolve("vectors");
    var top = json("top", "--count=1", "--steps=80", "--out=" + vectors);
    var pair = (Map<?, ?>) ((List<?>) top.get("eigenvalues")).getFirst();
    var out = folder.resolve("hv.safetensors");
    var hvp = json("hvp", "--vector=" + vectors.resolve("1.safetensors"), "--out=" + out);
    double value = ((Number) pair.get("value")).doubleValue();
    assertEquals(value, number(hvp, "curvature"), EXACT * norm(dense(false)));
  }
}
