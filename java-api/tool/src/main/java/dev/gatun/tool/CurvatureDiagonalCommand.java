package dev.gatun.tool;

import dev.gatun.InvalidArgument;
import dev.gatun.nn.Parameters;
import dev.gatun.nn.WeightVector;
import dev.gatun.optim.Curvature;
import dev.gatun.optim.GaussNewtonBartlett;
import dev.gatun.optim.Hutchinson;
import dev.gatun.store.WeightVectorFile;
import dev.gatun.train.BatchedLoss;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.BiFunction;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// Estimates the diagonal of the matrix of curvature.
@Command(
    name = "diagonal",
    description = {
      "Estimates the diagonal of the Hessian of a model's loss: hutchinson is the mean of u times"
          + " H u, element by element, over probes u of random signs.",
      "gauss-newton-bartlett estimates that of the Gauss-Newton matrix, by gradients at labels"
          + " drawn from the model itself; a draw of them is a probe."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Version.class)
final class CurvatureDiagonalCommand implements Callable<Integer> {
  private static final Map<String, BiFunction<Parameters, Long, Curvature>> ESTIMATORS =
      Map.of("hutchinson", Hutchinson::new, "gauss-newton-bartlett", GaussNewtonBartlett::new);

  @Spec private CommandSpec spec;
  @Mixin private LossOnText loss;
  @Mixin private CurvatureProbes probes;

  @Option(
      names = "--estimator",
      paramLabel = "hutchinson|gauss-newton-bartlett",
      defaultValue = "hutchinson",
      description = "How (${DEFAULT-VALUE}).")
  private String estimator;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "FILE",
      description =
          "A new safetensors file with a tensor a parameter, named and shaped as in the model's.")
  private Path out;

  @Option(
      names = "--json",
      description = {
        "Prints one line: {\"estimator\":\"hutchinson\",\"targets\":N,\"probes\":N,\"parameters\":"
            + "[{\"name\":S,\"weights\":N,\"mean\":X,\"least\":X,\"largest\":X,"
            + "\"negative\":X}]}, the last a share."
      })
  private boolean json;

  @Override
  public Integer call() {
    if (!ESTIMATORS.containsKey(estimator)) {
      throw new InvalidArgument(
          "there is no estimator \"%s\"; there are hutchinson and gauss-newton-bartlett"
              .formatted(estimator));
    }
    int count = probes.count();
    WeightVectorFile.requireFree(out);
    loss.with(loss -> estimate(loss, count));
    return 0;
  }

  private void estimate(BatchedLoss loss, int count) {
    var gpt = loss.gpt();
    var curvature = ESTIMATORS.get(estimator).apply(gpt.parameters(), probes.seed());
    var mean = WeightVector.zeros(gpt);
    for (int k = 1; k <= count; k++) {
      loss.estimate(curvature, k);
      curvature.blend(mean.arena(), (k - 1.0) / k);
    }
    var summaries =
        gpt.parameters().names().stream()
            .map(name -> Summary.of(name, mean.storedPart(name).toDoubles()))
            .toList();
    WeightVectorFile.write(out, gpt, mean);
    print(spec.commandLine().getOut(), loss, summaries);
  }

  /// What a parameter's part of the diagonal is like.
  private record Summary(
      String name, int weights, double mean, double least, double largest, double negative) {
    static Summary of(String name, double[] part) {
      double sum = 0;
      double least = Double.POSITIVE_INFINITY;
      double largest = Double.NEGATIVE_INFINITY;
      int negative = 0;
      for (double x : part) {
        sum += x;
        least = Math.min(least, x);
        largest = Math.max(largest, x);
        if (x < 0) negative++;
      }
      if (!Double.isFinite(sum)) {
        throw new InvalidArgument(
            "the diagonal is not finite at \"%s\"; nothing is written".formatted(name));
      }
      double count = part.length;
      return new Summary(name, part.length, sum / count, least, largest, negative / count);
    }

    Map<String, Object> fields() {
      var fields = new LinkedHashMap<String, Object>();
      fields.put("name", name);
      fields.put("weights", weights);
      fields.put("mean", mean);
      fields.put("least", least);
      fields.put("largest", largest);
      fields.put("negative", negative);
      return fields;
    }
  }

  private void print(PrintWriter printer, BatchedLoss loss, List<Summary> summaries) {
    if (json) {
      var fields = new LinkedHashMap<String, Object>();
      fields.put("estimator", estimator);
      fields.put("targets", loss.targets());
      fields.put("probes", probes.count());
      fields.put("parameters", summaries.stream().map(Summary::fields).toList());
      printer.println(JsonLine.of(fields));
      return;
    }
    printer.print(
        Amounts.format(
            "diagonal by %s over %,d targets; probes: %d%n%-24s %11s %10s %10s %10s  %s%n",
            estimator,
            loss.targets(),
            probes.count(),
            "parameter",
            "weights",
            "mean",
            "least",
            "largest",
            "negative"));
    for (var of : summaries) {
      printer.print(
          Amounts.format(
              "%-24s %,11d %10.3g %10.3g %10.3g %7.1f %%%n",
              of.name(), of.weights(), of.mean(), of.least(), of.largest(), 100 * of.negative()));
    }
  }
}
