package dev.gatun.tool;

import dev.gatun.scaling.FitDocument;
import dev.gatun.scaling.FrontierPoint;
import dev.gatun.scaling.Interval;
import dev.gatun.scaling.ScalingFit;
import dev.gatun.scaling.Warning;
import dev.gatun.store.StoreFailure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/// What `fit` leaves in a folder.
record FitFolder(Path folder) {
  private static final String COLUMNS =
      "approach,C,N,N_low,N_high,D,D_low,D_high,tokens_per_parameter,loss,loss_low,loss_high\n";

  void write(ScalingFit fit, List<FrontierPoint> frontier, Set<Warning> warnings) {
    text("fit.json", FitDocument.json(fit, frontier, warnings) + "\n");
    text("frontier.csv", csv(frontier));
    fit.envelope()
        .ifPresent(of -> Png.write(CurvesPlot.of(fit.runs(), of), folder.resolve("curves.png")));
    fit.isoFlop().ifPresent(of -> Png.write(IsoFlopPlot.of(of), folder.resolve("isoflop.png")));
    fit.law()
        .ifPresent(
            of ->
                Png.write(
                    ContourPlot.of(fit.runs(), of, frontier), folder.resolve("contours.png")));
  }

  private void text(String name, String text) {
    try {
      Files.createDirectories(folder);
      Files.writeString(folder.resolve(name), text);
    } catch (IOException e) {
      throw new StoreFailure(
          "%s could not be written: %s".formatted(folder.resolve(name), e.getMessage()), e);
    }
  }

  /// A line a budget and approach; what is not known is empty.
  static String csv(List<FrontierPoint> frontier) {
    return frontier.stream().map(FitFolder::line).collect(Collectors.joining("", COLUMNS, ""));
  }

  private static String line(FrontierPoint at) {
    return "%d,%s,%s,%s,%s,%s,%s,%s,%s\n"
        .formatted(
            at.approach().number(),
            at.flops(),
            at.parameters(),
            band(at.parametersBand()),
            at.tokens(),
            band(at.tokensBand()),
            at.tokensPerParameter(),
            at.loss().map(String::valueOf).orElse(""),
            band(at.lossBand()));
  }

  private static String band(Optional<Interval> band) {
    return band.map(of -> of.low() + "," + of.high()).orElse(",");
  }
}
