package dev.gatun.tool;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.jr.ob.JSON;
import dev.gatun.grad.Direction;
import dev.gatun.grad.GaussNewtonVector;
import dev.gatun.grad.HessianVector;
import dev.gatun.grad.VectorProduct;
import dev.gatun.memory.Device;
import dev.gatun.memory.Scope;
import dev.gatun.nn.Gpt;
import dev.gatun.nn.GptConfig;
import dev.gatun.optim.DenseCurvature;
import dev.gatun.optim.Hutchinson;
import dev.gatun.store.GptCheckpoint;
import dev.gatun.store.Safetensors;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.function.Function;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/// A GPT of 288 weights in a folder and tokens for it; the whole matrix of its curvature, which is
/// made a column at a time from all windows at once; and the command, which walks them in three
/// batches.
abstract class CurvatureCase {
  private static final int VOCABULARY = 5;
  static final int CONTEXT = 4;
  static final int WINDOWS = 6;
  static final double STANDARD_ERRORS = 4;

  /// Relative to the matrix: a product adds 288 numbers of it, and each went through fewer
  /// roundings than that.
  static final double EXACT = 288 * 288 * Math.ulp(1.0);

  @TempDir Path folder;
  @AutoClose final Device device = Device.cpu(1);
  final Scope memory = device.scope();
  final Gpt gpt = Gpt.create(GptConfig.of(1, 2, 4, CONTEXT, VOCABULARY), memory, DType.F64, 3);
  Tensor tokens;
  Tensor targets;

  @BeforeEach
  void writeAModelAndItsTokens() throws IOException {
    var random = new SplittableRandom(5);
    for (var name : gpt.parameters().names()) {
      var parameter = gpt.parameters().get(name);
      var larger = parameter.toDoubles();
      int stored = Math.toIntExact(gpt.storedRows(name)) * larger.length;
      stored /= Math.toIntExact(parameter.shape().size(0));
      for (int i = 0; i < stored; i++) larger[i] += random.nextDouble(-0.5, 0.5);
      parameter.copyFrom(MemorySegment.ofArray(larger));
    }
    Files.createDirectory(folder.resolve("model"));
    GptCheckpoint.write(folder.resolve("model"), gpt);
    var ids = random.ints(WINDOWS * CONTEXT + 1, 0, VOCABULARY).toArray();
    var bytes = new byte[2 * (ids.length + 9)]; // nine tokens more than the windows take
    for (int i = 0; i < ids.length; i++) bytes[2 * i] = (byte) ids[i];
    Files.write(folder.resolve("tokens.bin"), bytes);
    var shape = Shape.of(WINDOWS, CONTEXT);
    tokens = Tensor.of(memory, shape, Arrays.copyOf(ids, WINDOWS * CONTEXT));
    targets = Tensor.of(memory, shape, Arrays.copyOfRange(ids, 1, ids.length));
  }

  /// All windows in three batches, unless `more` says otherwise.
  List<String> arguments(String command, String... more) {
    var arguments = new ArrayList<>(List.of("curvature", command));
    arguments.addAll(List.of("--model=" + folder.resolve("model"), "--context=" + CONTEXT));
    arguments.addAll(List.of("--data=" + folder.resolve("tokens.bin"), "--batch=2"));
    arguments.addAll(List.of("--batches=3", "--device=cpu", "--threads=1"));
    for (var argument : more) {
      arguments.removeIf(other -> other.startsWith(argument.replaceFirst("=.*", "=")));
    }
    arguments.addAll(List.of(more));
    return arguments;
  }

  String run(String command, String... more) {
    return Commands.run(arguments(command, more)).requireGood().out();
  }

  Map<String, Object> json(String command, String... more) throws IOException {
    var with = new ArrayList<>(List.of(more));
    with.addAll(List.of("--json", "--dtype=fp64"));
    var line = run(command, with.toArray(String[]::new));
    assertEquals(1, line.lines().count(), line);
    return JSON.std.mapFrom(line);
  }

  static double number(Map<String, Object> fields, String name) {
    return ((Number) fields.get(name)).doubleValue();
  }

  double[][] dense(boolean gaussNewton) {
    return DenseCurvature.of(gpt, tokens, targets, matrix(gaussNewton));
  }

  static Function<Direction, VectorProduct> matrix(boolean gaussNewton) {
    return gaussNewton ? GaussNewtonVector::along : HessianVector::along;
  }

  static double norm(double[][] matrix) {
    return Math.sqrt(Arrays.stream(matrix).flatMapToDouble(Arrays::stream).map(x -> x * x).sum());
  }

  static double length(double[] v) {
    return Math.sqrt(Arrays.stream(v).map(x -> x * x).sum());
  }

  /// The tensors of a file, in order of the parameters' names. It must have no others.
  double[] read(Path file) {
    try (var stored = Safetensors.open(file)) {
      var all = new TreeSet<String>();
      stored.tensors().forEach(tensor -> all.add(tensor.name()));
      var expected = new TreeSet<String>();
      for (var name : gpt.parameters().names()) {
        expected.add("transformer." + name);
        var shape = gpt.parameters().get(name).shape().with(0, gpt.storedRows(name));
        assertEquals(
            Arrays.stream(shape.sizes()).boxed().toList(),
            stored.tensor("transformer." + name).shape());
      }
      assertEquals(expected, all);
      return gpt.parameters().names().stream()
          .flatMapToDouble(name -> Arrays.stream(stored.doubles("transformer." + name)))
          .toArray();
    }
  }

  /// The probes of a seed, numbered from 1, as the command draws them.
  double[][] probes(long seed, int count) {
    var hutchinson = new Hutchinson(gpt.parameters(), seed);
    var probes = new double[count][];
    for (int k = 0; k < count; k++) {
      hutchinson.draw(k + 1);
      try (var scope = device.scope()) {
        probes[k] = DenseCurvature.flat(gpt, of -> hutchinson.direction().along(of, scope));
      }
    }
    return probes;
  }
}
