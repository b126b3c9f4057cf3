package dev.gatun.tool;

import dev.gatun.train.BatchedLoss;
import dev.gatun.train.TraceEstimate;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// Estimates the trace of the matrix of curvature.
@Command(
    name = "trace",
    description = {
      "Estimates the trace of the Hessian of a model's loss: the mean of uT H u over probes u of"
          + " random signs, and its standard error."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Version.class)
final class CurvatureTraceCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @Mixin private LossOnText loss;
  @Mixin private CurvatureProbes probes;
  @Mixin private CurvatureMatrix matrix;

  @Option(
      names = "--json",
      description = {
        "Prints one line: {\"matrix\":\"hessian\",\"targets\":N,\"probes\":N,\"trace\":X,"
            + "\"standardError\":X}, the last left out for one probe."
      })
  private boolean json;

  @Override
  public Integer call() {
    loss.with(
        loss ->
            print(
                spec.commandLine().getOut(),
                loss,
                TraceEstimate.of(loss, matrix::along, probes.count(), probes.seed())));
    return 0;
  }

  private void print(PrintWriter out, BatchedLoss loss, TraceEstimate estimate) {
    var error = estimate.standardError();
    if (json) {
      var fields = new LinkedHashMap<String, Object>();
      fields.put("matrix", matrix.key());
      fields.put("targets", loss.targets());
      fields.put("probes", estimate.probes());
      fields.put("trace", estimate.mean());
      error.ifPresent(known -> fields.put("standardError", known));
      out.println(JsonLine.of(fields));
      return;
    }
    out.print(
        Amounts.format(
            "trace          %.6g%nstandard error %s%nof the %s, over %,d targets; probes: %d%n",
            estimate.mean(),
            error.isPresent()
                ? Amounts.format("%.2g", error.getAsDouble())
                : "unknown from one probe",
            matrix,
            loss.targets(),
            estimate.probes()));
  }
}
