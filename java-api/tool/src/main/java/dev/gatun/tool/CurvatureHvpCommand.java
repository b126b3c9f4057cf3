package dev.gatun.tool;

import dev.gatun.InvalidArgument;
import dev.gatun.nn.WeightVector;
import dev.gatun.store.WeightVectorFile;
import dev.gatun.train.BatchedLoss;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.OptionalDouble;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// Multiplies a vector by the matrix of curvature.
@Command(
    name = "hvp",
    description = {
      "Multiplies a vector by the Hessian of a model's loss, exactly: no finite differences.",
      "Vector and product are safetensors files with a tensor a parameter, named and shaped as in"
          + " the model's own file. The head is the token embedding, once."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Version.class)
final class CurvatureHvpCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @Mixin private LossOnText loss;
  @Mixin private CurvatureMatrix matrix;

  @Option(names = "--vector", required = true, paramLabel = "FILE", description = "The vector.")
  private Path vector;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "FILE",
      description = "A new file for the product.")
  private Path out;

  @Option(
      names = "--json",
      description = {
        "Prints one line: {\"matrix\":\"hessian\",\"weights\":N,\"targets\":N,\"vectorLength\":X,"
            + "\"productLength\":X,\"curvature\":X}, the last vT H v / vT v, left out for v = 0."
      })
  private boolean json;

  @Override
  public Integer call() {
    WeightVectorFile.requireFree(out);
    loss.with(this::multiply);
    return 0;
  }

  private void multiply(BatchedLoss loss) {
    var v = WeightVectorFile.read(vector, loss.gpt());
    loss.multiply(matrix.along(v.direction()));
    var product = WeightVector.overGradients(loss.gpt());
    var lengths = Lengths.of(v.toDoubles(), product.toDoubles());
    if (!Double.isFinite(lengths.product())) {
      throw new InvalidArgument(
          "the %s times %s is not finite; nothing is written".formatted(matrix, vector));
    }
    WeightVectorFile.write(out, loss.gpt(), product);
    print(spec.commandLine().getOut(), loss, v.size(), lengths);
  }

  /// The lengths of v and H v, and the curvature along v unless that is zero.
  private record Lengths(double vector, double product, OptionalDouble curvature) {
    static Lengths of(double[] v, double[] product) {
      double vv = 0;
      double vhv = 0;
      double squares = 0;
      for (int i = 0; i < v.length; i++) {
        vv += v[i] * v[i];
        vhv += v[i] * product[i];
        squares += product[i] * product[i];
      }
      var curvature = vv == 0 ? OptionalDouble.empty() : OptionalDouble.of(vhv / vv);
      return new Lengths(Math.sqrt(vv), Math.sqrt(squares), curvature);
    }
  }

  private void print(PrintWriter printer, BatchedLoss loss, int weights, Lengths lengths) {
    if (json) {
      var fields = new LinkedHashMap<String, Object>();
      fields.put("matrix", matrix.key());
      fields.put("weights", weights);
      fields.put("targets", loss.targets());
      fields.put("vectorLength", lengths.vector());
      fields.put("productLength", lengths.product());
      lengths.curvature().ifPresent(curvature -> fields.put("curvature", curvature));
      printer.println(JsonLine.of(fields));
      return;
    }
    var curvature = lengths.curvature();
    printer.print(
        Amounts.format(
            "H          the %s at %,d weights, over %,d targets%n"
                + "|v|        %.6g%n"
                + "|Hv|       %.6g%n"
                + "vHv / vv   %s%n",
            matrix,
            weights,
            loss.targets(),
            lengths.vector(),
            lengths.product(),
            curvature.isPresent() ? Amounts.format("%.6g", curvature.getAsDouble()) : "none"));
  }
}
