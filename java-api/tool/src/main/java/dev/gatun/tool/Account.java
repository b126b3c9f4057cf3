package dev.gatun.tool;

import static dev.gatun.tool.Amounts.format;

import dev.gatun.train.StepTotals;
import java.io.PrintWriter;

/// How a run's optimizer fared and what its curvature cost, as `train` says it in the end.
record Account(StepTotals totals) {
  void print(PrintWriter out) {
    if (totals.steps() == 0) return;
    out.println(
        format(
            "gradients clipped in %.1f %% of %,d steps%s",
            100 * totals.clipRate(), totals.steps(), unclipped()));
    if (totals.refreshes() > 0) out.println(curvature());
  }

  private String unclipped() {
    return totals.unclippedShare().isEmpty()
        ? ""
        : format(
            "; %.1f %% of the weights' steps not clipped",
            100 * totals.unclippedShare().getAsDouble());
  }

  private String curvature() {
    var cost = totals.curvature();
    return format(
        "curvature refreshed %,d times: %,d tokens, %.3g FLOP, %.1f s of %.1f s",
        totals.refreshes(), cost.tokens(), cost.flops(), cost.seconds(), totals.seconds());
  }
}
