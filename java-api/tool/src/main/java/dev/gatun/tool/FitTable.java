package dev.gatun.tool;

import dev.gatun.scaling.Approach;
import dev.gatun.scaling.EnvelopeFit;
import dev.gatun.scaling.PowerFrontier;
import dev.gatun.scaling.FrontierPoint;
import dev.gatun.scaling.Interval;
import dev.gatun.scaling.IsoFlopFit;
import dev.gatun.scaling.IsoFlopSlice;
import dev.gatun.scaling.LawFit;
import dev.gatun.scaling.ParametricLaw;
import dev.gatun.scaling.Residuals;
import dev.gatun.scaling.ScalingFit;
import dev.gatun.scaling.Warning;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.ToDoubleFunction;

/// A fit for people to read.
record FitTable(PrintWriter out) {
  void print(ScalingFit fit, List<FrontierPoint> frontier, Set<Warning> more) {
    say(
        "%d runs, %.3g to %.3g FLOPs; in brackets: the middle 95 %% of the bootstrap%n",
        fit.runs().all().size(), fit.runs().leastFlops(), fit.runs().greatestFlops());
    fit.envelope().ifPresent(this::print);
    fit.isoFlop().ifPresent(this::print);
    fit.law().ifPresent(this::print);
    fit.refusals().forEach((approach, why) -> say("%napproach %d: %s%n", approach.number(), why));
    for (var approach : fit.frontiers().keySet()) print(approach, frontier);
    var warnings = fit.warnings();
    warnings.addAll(more);
    if (!warnings.isEmpty()) say("%n");
    for (var warning : warnings) say("warning %s: %s%n", warning, warning.sentence());
  }

  private void print(EnvelopeFit fit) {
    say("%napproach 1, the envelope of training curves: %d points%n", fit.envelope().size());
    print(fit.frontier(), fit.samples(), fit.residuals());
  }

  private void print(IsoFlopFit fit) {
    say(
        "%napproach 2, IsoFLOP parabolas: %d budgets, %d with their optimum among the sizes%n",
        fit.slices().size(), fit.slices().stream().filter(IsoFlopSlice::hasOptimum).count());
    print(fit.frontier(), fit.samples(), fit.residuals());
  }

  private void print(PowerFrontier frontier, List<PowerFrontier> samples, Residuals residuals) {
    say(
        "  N = %.4g C^a   D = %.4g C^b%n",
        frontier.parameters().factor(), frontier.tokens().factor());
    row("a", frontier, samples, of -> of.parameters().exponent());
    row("b", frontier, samples, of -> of.tokens().exponent());
    print("ln N", residuals);
  }

  private void print(LawFit fit) {
    say("%napproach 3, L(N, D) = E + A / N^alpha + B / D^beta%n");
    row("E", fit.law(), fit.samples(), ParametricLaw::e);
    row("A", fit.law(), fit.samples(), ParametricLaw::a);
    row("B", fit.law(), fit.samples(), ParametricLaw::b);
    row("alpha", fit.law(), fit.samples(), ParametricLaw::alpha);
    row("beta", fit.law(), fit.samples(), ParametricLaw::beta);
    row("a", fit.law(), fit.samples(), ParametricLaw::parameterExponent);
    row("b", fit.law(), fit.samples(), law -> 1 - law.parameterExponent());
    say("  summed Huber loss %.8e, the least from starts: %d%n", fit.objective(), fit.starts());
    print("ln L", fit.residuals());
  }

  private void print(String of, Residuals residuals) {
    say(
        "  residuals of %s: root mean square %.3g, median size %.3g%n",
        of, residuals.rmse(), residuals.median());
  }

  private <T> void row(String name, T fit, List<T> samples, ToDoubleFunction<T> of) {
    say("  %-6s %-11.5g %s%n", name, of.applyAsDouble(fit), band(Interval.of(samples, of), "%.5g"));
  }

  private void print(Approach approach, List<FrontierPoint> frontier) {
    say("%nthe frontier by approach %d%n", approach.number());
    say("  %-9s %-30s %-30s %-8s %s%n", "C", "N", "D", "D / N", "loss");
    var shown = frontier.stream().filter(at -> at.approach() == approach).toList();
    for (var at : shown) {
      boolean isEnd = at == shown.getFirst() || at == shown.getLast();
      if (!isEnd && Math.log10(at.flops()) % 0.5 != 0) continue;
      say(
          "  %-9.3g %-30s %-30s %-8.3g %s%n",
          at.flops(),
          "%.4g %s".formatted(at.parameters(), band(at.parametersBand(), "%.3g")),
          "%.4g %s".formatted(at.tokens(), band(at.tokensBand(), "%.3g")),
          at.tokensPerParameter(),
          at.loss().map(loss -> "%.4f %s".formatted(loss, band(at.lossBand(), "%.4f"))).orElse(""));
    }
  }

  private static String band(Optional<Interval> band, String number) {
    return band.map(of -> ("[" + number + ", " + number + "]").formatted(of.low(), of.high()))
        .orElse("");
  }

  private void say(String format, Object... values) {
    out.printf(Locale.ROOT, format, values);
  }
}
