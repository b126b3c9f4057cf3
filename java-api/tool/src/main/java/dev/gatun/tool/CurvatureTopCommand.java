package dev.gatun.tool;

import dev.gatun.grad.Eigenpair;
import dev.gatun.grad.Lanczos;
import dev.gatun.nn.WeightVector;
import dev.gatun.store.StoreFailure;
import dev.gatun.store.WeightVectorFile;
import dev.gatun.train.BatchedLoss;
import dev.gatun.train.Run;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// Finds the largest eigenvalues of the matrix of curvature.
@Command(
    name = "top",
    description = {
      "Finds the eigenvalues of largest magnitude of the Hessian of a model's loss, by Lanczos'"
          + " iteration on exact products, and for each the residual |H v - lambda v|: some"
          + " eigenvalue is no farther away than that.",
      "It keeps a vector of doubles a step in the Java heap."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Version.class)
final class CurvatureTopCommand implements Callable<Integer> {
  private static final int USUAL_STEPS_MORE = 20;
  private static final int USUAL_STEPS_EACH = 4;

  @Spec private CommandSpec spec;
  @Mixin private LossOnText loss;
  @Mixin private CurvatureMatrix matrix;

  @Option(names = "--count", required = true, paramLabel = "K", description = "Eigenvalues.")
  private int count;

  @Option(
      names = "--steps",
      paramLabel = "M",
      description =
          "Steps of the iteration, a product each; else 20 + 4 K, or as many as there are"
              + " weights.")
  private Integer steps;

  @Option(names = "--seed", paramLabel = "S", description = "Of the starting vector; else 0.")
  private long seed;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description =
          "A folder, missing or empty, for the eigenvectors: 1.safetensors belongs to the first"
              + " eigenvalue, and is a vector as hvp takes it.")
  private Path out;

  @Option(
      names = "--json",
      description = {
        "Prints one line: {\"matrix\":\"hessian\",\"weights\":N,\"targets\":N,\"steps\":N,"
            + "\"eigenvalues\":[{\"value\":X,\"residual\":X}]}."
      })
  private boolean json;

  @Override
  public Integer call() {
    if (out != null) Run.requireFree(out);
    loss.with(this::find);
    return 0;
  }

  private void find(BatchedLoss loss) {
    var vector = WeightVector.zeros(loss.gpt());
    var product = WeightVector.overGradients(loss.gpt());
    var along = matrix.along(vector.direction());
    int usual = (int) Math.min(USUAL_STEPS_MORE + (long) USUAL_STEPS_EACH * count, vector.size());
    int taken = steps == null ? usual : steps;
    var found =
        Lanczos.largest(
            v -> {
              vector.copyFrom(v);
              loss.multiply(along);
              return product.toDoubles();
            },
            vector.size(),
            count,
            taken,
            seed);
    if (out != null) write(loss, vector, found);
    print(spec.commandLine().getOut(), loss, vector.size(), taken, found);
  }

  private void write(BatchedLoss loss, WeightVector vector, List<Eigenpair> found) {
    try {
      Files.createDirectories(out);
    } catch (IOException e) {
      throw new StoreFailure("%s could not be made: %s".formatted(out, e.getMessage()), e);
    }
    for (int i = 0; i < found.size(); i++) {
      vector.copyFrom(found.get(i).vector());
      WeightVectorFile.write(out.resolve((i + 1) + ".safetensors"), loss.gpt(), vector);
    }
  }

  private void print(
      PrintWriter printer, BatchedLoss loss, int weights, int taken, List<Eigenpair> found) {
    if (json) {
      var fields = new LinkedHashMap<String, Object>();
      fields.put("matrix", matrix.key());
      fields.put("weights", weights);
      fields.put("targets", loss.targets());
      fields.put("steps", taken);
      fields.put(
          "eigenvalues",
          found.stream()
              .map(pair -> Map.of("value", pair.value(), "residual", pair.residual()))
              .toList());
      printer.println(JsonLine.of(fields));
      return;
    }
    printer.print(
        Amounts.format(
            "the %s at %,d weights, over %,d targets; steps: %d%n%4s %14s %10s%n",
            matrix, weights, loss.targets(), taken, "", "eigenvalue", "residual"));
    for (int i = 0; i < found.size(); i++) {
      var pair = found.get(i);
      printer.print(Amounts.format("%4d %14.7g %10.2g%n", i + 1, pair.value(), pair.residual()));
    }
  }
}
