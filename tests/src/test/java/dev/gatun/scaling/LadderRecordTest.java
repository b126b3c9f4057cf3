package dev.gatun.scaling;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/// What the README says of the ladder that was run is what its journals say.
class LadderRecordTest {
  private static final Path ROOT = Path.of(System.getProperty("gatun.root"));
  private static final int PLOT_COLUMNS = 64;
  private static final int PLOT_ROWS = 18;

  private final Runs runs = Runs.read(ROOT.resolve("bench/experiments/ladder/record"));
  private final ScalingFit fit =
      ScalingFit.of(runs, EnumSet.allOf(Approach.class), Starts.SEEDED, Bootstrap.DEFAULT);

  @Test
  void theReadmeShowsTheLadder() throws Exception {
    var readme = Files.readString(ROOT.resolve("README.md"));
    var section = table() + "\n```\n" + plot() + "\n" + exponents() + "```\n";
    assertTrue(readme.contains(section), () -> "the README lacks this:\n" + section);
  }

  private static String line(String format, Object... values) {
    return format.formatted(values) + "\n";
  }

  private String table() {
    var text = new StringBuilder();
    text.append("| budget, FLOPs | parameters | tokens | validation loss, nats a byte |\n");
    text.append("|---|---|---|---|\n");
    for (var slice : slices()) {
      for (var run : slice.runs()) {
        text.append(
            line(
                "| %.2e | %,.0f | %,.0f | %.4f |",
                slice.flops(), run.parameters(), run.tokens(), run.loss()));
      }
    }
    return text.toString();
  }

  private String exponents() {
    var text = new StringBuilder();
    for (var slice : slices()) {
      text.append(
          line(
              "best size at %.2e FLOPs: %,.0f parameters",
              slice.flops(), Math.pow(10, slice.optimum())));
    }
    fit.frontiers()
        .forEach(
            (approach, frontier) -> {
              var band =
                  Interval.of(fit.samples(approach), sample -> sample.parameters().exponent());
              text.append(
                  line(
                      "approach %d: N grows as C^%.2f%s",
                      approach.number(),
                      frontier.parameters().exponent(),
                      band.map(
                              b ->
                                  " (95 %% by bootstrap: %.2f to %.2f)"
                                      .formatted(b.low(), b.high()))
                          .orElse("")));
            });
    fit.law()
        .map(LawFit::law)
        .ifPresent(
            law ->
                text.append(
                    line(
                        "L = %.3f + %.4g / N^%.3f + %.4g / D^%.3f",
                        law.e(), law.a(), law.alpha(), law.b(), law.beta())));
    fit.refusals()
        .forEach((approach, why) -> text.append(line("approach %d: %s", approach.number(), why)));
    return text.toString();
  }

  /// Runs as the number of their budget, over log N and the loss.
  private String plot() {
    var all = runs.all();
    double left = all.stream().mapToDouble(r -> Math.log10(r.parameters())).min().orElseThrow();
    double right = all.stream().mapToDouble(r -> Math.log10(r.parameters())).max().orElseThrow();
    double low = all.stream().mapToDouble(TrainingRun::loss).min().orElseThrow();
    double high = all.stream().mapToDouble(TrainingRun::loss).max().orElseThrow();
    var cells = new char[PLOT_ROWS][PLOT_COLUMNS];
    for (var row : cells) Arrays.fill(row, ' ');
    var slices = slices();
    for (int i = 0; i < slices.size(); i++) {
      for (var run : slices.get(i).runs()) {
        double x = (Math.log10(run.parameters()) - left) / (right - left);
        double y = (high - run.loss()) / (high - low);
        cells[(int) Math.round(y * (PLOT_ROWS - 1))][(int) Math.round(x * (PLOT_COLUMNS - 1))] =
            (char) ('1' + i);
      }
    }
    var lines = new ArrayList<String>();
    for (int r = 0; r < PLOT_ROWS; r++) {
      double loss = high - (high - low) * r / (PLOT_ROWS - 1);
      lines.add("%5.2f |%s".formatted(loss, new String(cells[r])).stripTrailing());
    }
    lines.add("      +" + "-".repeat(PLOT_COLUMNS));
    var ends = String.format(Locale.ROOT, "%,.0f parameters", Math.pow(10, left));
    var last = String.format(Locale.ROOT, "%,.0f", Math.pow(10, right));
    lines.add("       " + ends + " ".repeat(PLOT_COLUMNS - ends.length() - last.length()) + last);
    return lines.stream().collect(Collectors.joining("\n", "", "\n"));
  }

  private List<IsoFlopSlice> slices() {
    return IsoFlopSlice.among(runs.all());
  }
}
