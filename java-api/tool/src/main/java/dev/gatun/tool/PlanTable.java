package dev.gatun.tool;

import static dev.gatun.tool.Amounts.format;

import dev.gatun.scaling.Allocation;
import dev.gatun.scaling.AllocationBand;
import dev.gatun.scaling.Band;
import dev.gatun.scaling.Candidate;
import dev.gatun.scaling.Formula;
import dev.gatun.scaling.PowerLine;
import dev.gatun.scaling.RepeatPlan;
import dev.gatun.scaling.ServingPlan;
import dev.gatun.scaling.Spread;
import java.io.PrintWriter;

/// A plan as a table for people.
record PlanTable(PlanReport report, boolean explains) {
  void print(PrintWriter out) {
    var plan = report.plan();
    var request = plan.request();
    line(out, "law", "%s (%s)", request.law().name(), request.law().source());
    if (request.saving() != 1) {
      line(
          out,
          "saving",
          "%s times fewer tokens: measured, entered by hand, not of the law",
          request.saving());
    }
    allocation(out, plan.chosen());
    plan.serving().ifPresent(serving -> print(out, serving));
    plan.repeats().ifPresent(repeats -> print(out, repeats));
    band(out);
    var table = PowerLine.HOFFMANN_TABLE_3;
    line(
        out,
        "Table 3",
        "%s parameters, %s tokens by the line of Hoffmann et al. 2022",
        Amounts.of(table.parameters(plan.optimum().flops())),
        Amounts.of(table.tokens(plan.optimum().flops())));
    bill(out);
    shapes(out);
    for (var warning : plan.warnings())
      line(out, "warning", "%s: %s", warning.name(), warning.text());
    if (explains) explain(out);
  }

  private static void allocation(PrintWriter out, Allocation chosen) {
    line(out, "compute", "%.4g FLOPs", chosen.flops());
    line(out, "parameters", "%s", Amounts.of(chosen.parameters()));
    line(
        out,
        "tokens",
        "%s, %.1f a parameter",
        Amounts.of(chosen.tokens()),
        chosen.tokensPerParameter());
    line(out, "loss", "%.4f nats a token, predicted", chosen.loss());
  }

  private static void print(PrintWriter out, ServingPlan serving) {
    line(
        out,
        "serving",
        "%s tokens; training and serving %.4g FLOPs, %.1f %% less than with the"
            + " compute-optimal %s",
        Amounts.of(serving.servedTokens()),
        serving.totalFlops(),
        100 * (1 - serving.totalFlops() / serving.totalFlopsOfCompute()),
        Amounts.of(serving.compute().parameters()));
  }

  private static void print(PrintWriter out, RepeatPlan repeats) {
    line(
        out,
        "data",
        "%s unique tokens, %.2f epochs, worth %s tokens seen once",
        Amounts.of(repeats.uniqueTokens()),
        repeats.epochs(),
        Amounts.of(repeats.effectiveTokens()));
  }

  private void band(PrintWriter out) {
    var band = report.plan().band();
    if (band.isPresent()) print(out, band.get());
    else if (report.plan().request().law().spread() instanceof Spread.Unknown unknown) {
      line(out, "band", "none: %s", unknown.reason());
    }
  }

  private void print(PrintWriter out, AllocationBand band) {
    line(
        out,
        "band",
        "at %.4g FLOPs: %s parameters, %s tokens, %.1f to %.1f a parameter%s",
        report.plan().optimum().flops(),
        range(band.parameters()),
        range(band.tokens()),
        band.tokensPerParameter().low(),
        band.tokensPerParameter().high(),
        band.loss().map(loss -> format(", loss %.4f to %.4f", loss.low(), loss.high())).orElse(""));
    line(out, "", "%s", band.basis());
  }

  private static String range(Band band) {
    return Amounts.of(band.low()) + " to " + Amounts.of(band.high());
  }

  private void bill(PrintWriter out) {
    var bill = report.bill();
    line(
        out,
        "cost",
        "%s GPU-hours of %s in %s at MFU %s, $%s, %s kWh, %s kg CO2e",
        Amounts.of(bill.gpuHours()),
        report.gpu().word(),
        report.plan().request().models().precision().word(),
        report.mfu(),
        Amounts.of(bill.dollars()),
        Amounts.of(bill.kilowattHours()),
        Amounts.of(bill.kilogramsCo2()));
    line(
        out,
        "",
        "at $%s a GPU-hour, PUE %s, %s g CO2e a kWh",
        report.rates().dollarsPerHour(),
        report.rates().overhead(),
        report.rates().gramsPerKilowattHour());
  }

  private void shapes(PrintWriter out) {
    var plan = report.plan();
    if (plan.candidates().isEmpty()) return;
    var models = plan.request().models();
    out.println();
    out.println(
        format(
            "shapes with vocabulary %,d and context %,d; FLOPs by %s; memory with %s in %s, batches"
                + " of %d",
            models.vocabulary(),
            models.context(),
            models.count().word(),
            models.optimizer().word(),
            models.precision().word(),
            models.rows()));
    out.println(
        format(
            "%-42s %15s %8s %11s %6s %8s %7s %9s %s",
            "train",
            "parameters",
            "tokens",
            "FLOPs/token",
            "loss",
            "weights",
            "grads",
            "optimizer",
            "activations = total"));
    for (var candidate : plan.candidates()) out.println(row(candidate));
  }

  private String row(Candidate candidate) {
    var config = candidate.config();
    var memory = candidate.memory();
    return format(
        "%-42s %,15d %8s %11.5g %6.4f %8.1f %7.1f %9.1f %s",
        format(
            "--layers %d --heads %d --width %d", config.layers(), config.heads(), config.width()),
        candidate.parameters(),
        Amounts.of(candidate.tokens()),
        candidate.flopsPerToken(),
        candidate.loss(),
        memory.weights() / 1e9,
        memory.gradients() / 1e9,
        memory.optimizer() / 1e9,
        format(
            "%.1f = %.1f GB, %s one %s",
            memory.activations() / 1e9,
            memory.total() / 1e9,
            report.fits(candidate) ? "fits" : "exceeds",
            report.gpu().word()));
  }

  private void explain(PrintWriter out) {
    out.println();
    var request = report.plan().request();
    for (var formula : Formula.of(request)) print(out, formula);
    var precision = request.models().precision();
    for (var formula : Formula.ofBill(report.gpu(), report.mfu(), precision)) print(out, formula);
  }

  private static void print(PrintWriter out, Formula formula) {
    out.println(formula.name() + ": " + formula.text());
    out.println("    " + formula.source());
  }

  private static void line(PrintWriter out, String name, String format, Object... values) {
    out.println(format("%-11s%s", name, format(format, values)));
  }
}
