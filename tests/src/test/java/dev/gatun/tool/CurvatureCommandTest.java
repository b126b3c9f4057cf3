package dev.gatun.tool;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.jr.ob.JSON;
import dev.gatun.grad.Direction;
import dev.gatun.grad.GaussNewtonVector;
import dev.gatun.grad.HessianVector;
import dev.gatun.grad.Tape;
import dev.gatun.grad.VectorProduct;
import dev.gatun.memory.Device;
import dev.gatun.memory.Scope;
import dev.gatun.nn.Gpt;
import dev.gatun.nn.GptConfig;
import dev.gatun.nn.WeightVector;
import dev.gatun.optim.DenseCurvature;
import dev.gatun.optim.GaussNewtonBartlett;
import dev.gatun.optim.Hutchinson;
import dev.gatun.store.GptCheckpoint;
import dev.gatun.store.OutgoingTensor;
import dev.gatun.store.Safetensors;
import dev.gatun.store.StoredTensor;
import dev.gatun.store.StoredType;
import dev.gatun.store.WeightVectorFile;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.hipparchus.linear.EigenDecompositionSymmetric;
import org.hipparchus.linear.MatrixUtils;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What `curvature` prints and writes about a GPT of 288 weights, beside the whole matrix, which is
/// made a column at a time from all windows at once. The command walks them in three batches.
class CurvatureCommandTest {
  private static final int VOCABULARY = 5;
  private static final int CONTEXT = 4;
  private static final int WINDOWS = 6;
  private static final double STANDARD_ERRORS = 4;

  /// Relative to the matrix: a product adds 288 numbers of it, and each went through fewer
  /// roundings than that.
  private static final double EXACT = 288 * 288 * Math.ulp(1.0);

  @TempDir Path folder;
  private final Device device = Device.cpu(1);
  private final Scope memory = device.scope();
  private final Gpt gpt =
      Gpt.create(GptConfig.of(1, 2, 4, CONTEXT, VOCABULARY), memory, DType.F64, 3);
  private Tensor tokens;
  private Tensor targets;

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

  @AfterEach
  void close() {
    device.close();
  }

  /// All windows in three batches, unless `more` says otherwise.
  private List<String> arguments(String command, String... more) {
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

  private String run(String command, String... more) {
    return Commands.run(arguments(command, more)).requireGood().out();
  }

  private Map<String, Object> json(String command, String... more) throws IOException {
    var with = new ArrayList<>(List.of(more));
    with.addAll(List.of("--json", "--dtype=fp64"));
    var line = run(command, with.toArray(String[]::new));
    assertEquals(1, line.lines().count(), line);
    return JSON.std.mapFrom(line);
  }

  private static double number(Map<String, Object> fields, String name) {
    return ((Number) fields.get(name)).doubleValue();
  }

  private double[][] dense(boolean gaussNewton) {
    return DenseCurvature.of(gpt, tokens, targets, matrix(gaussNewton));
  }

  private static Function<Direction, VectorProduct> matrix(boolean gaussNewton) {
    return gaussNewton ? GaussNewtonVector::along : HessianVector::along;
  }

  private static double norm(double[][] matrix) {
    return Math.sqrt(Arrays.stream(matrix).flatMapToDouble(Arrays::stream).map(x -> x * x).sum());
  }

  private static double length(double[] v) {
    return Math.sqrt(Arrays.stream(v).map(x -> x * x).sum());
  }

  /// The tensors of a file, in order of the parameters' names. It must have no others.
  private double[] read(Path file) {
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

  /// The probes of a seed, numbered from 1, as the command draws them.
  private double[][] probes(long seed, int count) {
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

  @Test
  void theDiagonalIsTheMeanOfProbesTimesTheirProducts() throws IOException {
    var out = folder.resolve("d.safetensors");
    var printed = json("diagonal", "--probes=5", "--seed=9", "--out=" + out);
    var matrix = dense(false);
    var expected = new double[matrix.length];
    for (var u : probes(9, 5)) {
      var product = DenseCurvature.times(matrix, u);
      for (int i = 0; i < u.length; i++) expected[i] += u[i] * product[i] / 5;
    }
    var found = read(out);
    assertArrayEquals(expected, found, EXACT * norm(matrix) * Math.sqrt(matrix.length));
    assertEquals("hutchinson", printed.get("estimator"));
    assertEquals(WINDOWS * CONTEXT, number(printed, "targets"));
    assertEquals(5, number(printed, "probes"));
    requireSummaries(printed, found);
  }

  /// The table says of each parameter what its part of the file is like.
  private void requireSummaries(Map<String, Object> printed, double[] found) {
    var rows = ((List<?>) printed.get("parameters")).iterator();
    int at = 0;
    for (var name : gpt.parameters().names()) {
      @SuppressWarnings("unchecked")
      var row = (Map<String, Object>) rows.next();
      int count = (int) number(row, "weights");
      var part = Arrays.copyOfRange(found, at, at + count);
      var of = Arrays.stream(part).summaryStatistics();
      assertEquals(name, row.get("name"));
      assertEquals(of.getMin(), number(row, "least"));
      assertEquals(of.getMax(), number(row, "largest"));
      double size = Math.max(Math.abs(of.getMin()), Math.abs(of.getMax()));
      assertEquals(of.getAverage(), number(row, "mean"), count * Math.ulp(size));
      assertEquals(
          Arrays.stream(part).filter(x -> x < 0).count() / (double) count, number(row, "negative"));
      at += count;
    }
    assertEquals(found.length, at);
  }

  /// The variance of a probe is the sum of the squares beside the diagonal.
  @Test
  void theDiagonalOfManyProbesIsTheMatrixs() throws IOException {
    int probes = 1024;
    var out = folder.resolve("d.safetensors");
    json("diagonal", "--probes=" + probes, "--batch=6", "--batches=1", "--out=" + out);
    var matrix = dense(false);
    var found = read(out);
    for (int i = 0; i < matrix.length; i++) {
      double beside = 0;
      for (int j = 0; j < matrix.length; j++) if (j != i) beside += matrix[i][j] * matrix[i][j];
      double error = Math.sqrt(beside / probes);
      double allowed = STANDARD_ERRORS * error + EXACT * norm(matrix);
      assertEquals(matrix[i][i], found[i], allowed, "element " + i);
    }
  }

  /// Within the standard errors that the same draws have, taken one by one.
  @Test
  void bartlettsDiagonalIsTheGaussNewtonMatrixs() throws IOException {
    int probes = 1024;
    var out = folder.resolve("d.safetensors");
    var estimator = "--estimator=gauss-newton-bartlett";
    json("diagonal", estimator, "--probes=" + probes, "--out=" + out);
    var matrix = dense(true);
    var found = read(out);
    var squares = new double[found.length];
    var one = Tensor.zeros(memory, DType.F64, Shape.of(gpt.parameters().count()));
    var bartlett = new GaussNewtonBartlett(gpt.parameters(), 0);
    for (int k = 1; k <= probes; k++) {
      bartlett.draw(k);
      bartlett.add(gpt, tokens, targets, 1);
      bartlett.blend(one.data(), 0);
      var drawn = stored(one.toDoubles());
      for (int i = 0; i < drawn.length; i++) squares[i] += Math.pow(drawn[i] - matrix[i][i], 2);
    }
    for (int i = 0; i < matrix.length; i++) {
      double error = Math.sqrt(squares[i] / probes / probes);
      double allowed = STANDARD_ERRORS * error + EXACT * norm(matrix);
      assertEquals(matrix[i][i], found[i], allowed, "element " + i);
    }
  }

  /// The elements of an arena that are weights, in order of names.
  private double[] stored(double[] arena) {
    return gpt.parameters().names().stream()
        .flatMapToDouble(
            name -> {
              int from = Math.toIntExact(gpt.parameters().offset(name));
              var shape = gpt.parameters().get(name).shape().with(0, gpt.storedRows(name));
              return Arrays.stream(arena, from, from + Math.toIntExact(shape.count()));
            })
        .toArray();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void theTraceIsTheMeanOverProbesAndItsErrorHowTheyVary(boolean gaussNewton) throws IOException {
    var options = new ArrayList<>(List.of("--probes=3", "--seed=4"));
    if (gaussNewton) options.add("--gauss-newton");
    var printed = json("trace", options.toArray(String[]::new));
    var matrix = dense(gaussNewton);
    var found = new ArrayList<Double>();
    for (var u : probes(4, 3)) {
      var product = DenseCurvature.times(matrix, u);
      found.add(IntStream.range(0, u.length).mapToDouble(i -> u[i] * product[i]).sum());
    }
    double mean = (found.get(0) + found.get(1) + found.get(2)) / 3;
    double squares = found.stream().mapToDouble(x -> (x - mean) * (x - mean)).sum();
    double allowed = EXACT * norm(matrix) * matrix.length;
    assertEquals(mean, number(printed, "trace"), allowed);
    assertEquals(Math.sqrt(squares / 2 / 3), number(printed, "standardError"), allowed);
    assertEquals(gaussNewton ? "gaussNewton" : "hessian", printed.get("matrix"));
  }

  /// A probe of signs varies by 2 times the sum of the squares beside the diagonal. It is a
  /// polynomial of degree 2 in signs, whose fourth moment is, by Bonami's inequality, at most 81
  /// times the square of that; so a variance out of n probes is known to sqrt(80 / n) of itself,
  /// and the standard error to half of that.
  @Test
  void theStandardErrorIsThatOfSigns() throws IOException {
    int probes = 4096;
    var printed = json("trace", "--probes=" + probes, "--batch=6", "--batches=1");
    var matrix = dense(false);
    double trace = 0;
    double beside = 0;
    for (int i = 0; i < matrix.length; i++) {
      trace += matrix[i][i];
      for (int j = 0; j < matrix.length; j++) if (j != i) beside += matrix[i][j] * matrix[i][j];
    }
    double error = Math.sqrt(2 * beside / probes);
    assertEquals(trace, number(printed, "trace"), STANDARD_ERRORS * error);
    double known = STANDARD_ERRORS * Math.sqrt(80.0 / probes) / 2;
    assertEquals(1, number(printed, "standardError") / error, known);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void topIsTheDenseMatrixsLargestEigenvaluesByMagnitude(boolean gaussNewton) throws IOException {
    var out = folder.resolve("vectors");
    var options = new ArrayList<>(List.of("--count=4", "--steps=80", "--out=" + out));
    if (gaussNewton) options.add("--gauss-newton");
    var printed = json("top", options.toArray(String[]::new));
    var matrix = dense(gaussNewton);
    double rounding = EXACT * norm(matrix);
    var exact =
        Arrays.stream(
                new EigenDecompositionSymmetric(MatrixUtils.createRealMatrix(symmetric(matrix)))
                    .getEigenvalues())
            .boxed()
            .sorted(Comparator.comparingDouble(x -> -Math.abs(x)))
            .toList();
    assertEquals(gaussNewton ? "gaussNewton" : "hessian", printed.get("matrix"));
    assertEquals(80, number(printed, "steps"));
    var found = (List<?>) printed.get("eigenvalues");
    assertEquals(4, found.size());
    for (int k = 0; k < 4; k++) {
      @SuppressWarnings("unchecked")
      var pair = (Map<String, Object>) found.get(k);
      double value = number(pair, "value");
      double residual = number(pair, "residual");
      assertTrue(residual <= 1e-6 * Math.abs(value), k + " has not converged: " + residual);
      assertEquals(exact.get(k), value, residual + rounding, "eigenvalue " + k);
      var x = read(out.resolve((k + 1) + ".safetensors"));
      var product = DenseCurvature.times(matrix, x);
      for (int i = 0; i < x.length; i++) product[i] -= value * x[i];
      assertEquals(1, length(x), EXACT);
      assertEquals(length(product), residual, rounding, "residual " + k);
    }
  }

  private static double[][] symmetric(double[][] matrix) {
    var symmetric = new double[matrix.length][matrix.length];
    for (int i = 0; i < matrix.length; i++) {
      for (int j = 0; j < matrix.length; j++) {
        symmetric[i][j] = (matrix[i][j] + matrix[j][i]) / 2;
      }
    }
    return symmetric;
  }

  /// Few steps leave residuals that are not small, and what is printed is still measured.
  @Test
  void topTellsWhatHasNotConverged() throws IOException {
    var out = folder.resolve("vectors");
    var printed = json("top", "--count=2", "--steps=3", "--out=" + out);
    var matrix = dense(false);
    @SuppressWarnings("unchecked")
    var second = (Map<String, Object>) ((List<?>) printed.get("eigenvalues")).get(1);
    double value = number(second, "value");
    assertTrue(number(second, "residual") > 1e-3 * Math.abs(value), "it has converged");
    var x = read(out.resolve("2.safetensors"));
    var product = DenseCurvature.times(matrix, x);
    for (int i = 0; i < x.length; i++) product[i] -= value * x[i];
    assertEquals(length(product), number(second, "residual"), EXACT * norm(matrix));
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

  @Test
  void withoutJsonTheNumbersAreTables() {
    var trace = run("trace", "--probes=2").lines().toList();
    assertEquals(3, trace.size());
    assertTrue(trace.get(0).matches("trace          -?\\d\\S*"), trace.get(0));
    assertTrue(trace.get(1).matches("standard error \\d\\S*"), trace.get(1));
    assertEquals("of the Hessian, over 24 targets; probes: 2", trace.get(2));
    var one = run("trace", "--probes=1", "--gauss-newton");
    assertTrue(one.contains("standard error unknown from one probe"), one);
    assertTrue(one.contains("of the Gauss-Newton matrix"), one);
    var top = run("top", "--count=2").lines().toList();
    assertEquals("the Hessian at 288 weights, over 24 targets; steps: 28", top.get(0));
    assertEquals(4, top.size());
    var out = folder.resolve("d.safetensors");
    var diagonal = run("diagonal", "--probes=2", "--out=" + out).lines().toList();
    assertEquals(2 + gpt.parameters().names().size(), diagonal.size());
    assertTrue(diagonal.get(2).startsWith("wte.weight  "), diagonal.get(2));
  }

  @Test
  void whatIsNotKnownIsLeftOut() throws IOException {
    assertEquals(
        Set.of("matrix", "targets", "probes", "trace"), json("trace", "--probes=1").keySet());
    var zero = folder.resolve("zero.safetensors");
    WeightVectorFile.write(zero, gpt, WeightVector.zeros(gpt));
    var out = folder.resolve("hv.safetensors");
    var printed = json("hvp", "--vector=" + zero, "--out=" + out);
    assertEquals(0, number(printed, "productLength"));
    assertFalse(printed.containsKey("curvature"), printed.toString());
    Files.delete(out);
    var table = run("hvp", "--vector=" + zero, "--out=" + out);
    assertTrue(table.contains("vHv / vv   none"), table);
  }

  /// Where there is a file it stays as it is, before anything is computed.
  @Test
  void nothingIsWrittenOver() throws IOException {
    var out = Files.writeString(folder.resolve("taken"), "mine");
    for (var command : List.of("hvp --vector=" + out, "diagonal --probes=2")) {
      var words = command.split(" ");
      Commands.run(arguments(words[0], words[1], "--out=" + out))
          .requireRefusal(1, "it exists already");
    }
    assertEquals("mine", Files.readString(out));
  }
}
