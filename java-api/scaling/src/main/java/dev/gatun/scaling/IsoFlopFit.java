package dev.gatun.scaling;

import dev.gatun.InvalidArgument;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;

/// The second approach of Hoffmann et al. 2022: at each of some FLOP budgets a parabola of the
/// final loss over log N, and lines through the vertices.
///
/// The true curve is no parabola. Noise-free, with the exponents of Hoffmann et al., a centred grid
/// of half a decade to a side puts N 0.9 % too high, a whole decade 3.7 %; a centre that drifts
/// over the budgets also bends the exponent. Hence the warnings.
///
/// @param slices every budget, also those without an optimum
/// @param frontier the lines through the optima
/// @param residuals of ln N about its line
/// @param samples a frontier for each sample of the bootstrap, which draws within budgets
/// @param warnings about this fit
public record IsoFlopFit(
    List<IsoFlopSlice> slices,
    PowerFrontier frontier,
    Residuals residuals,
    List<PowerFrontier> samples,
    Set<Warning> warnings) {
  private static final int FEWEST_OPTIMA = 2;
  private static final double WIDE = 0.51;
  private static final double OFF_CENTRE = 0.2;

  /// A drawn budget needs a size more than a line has unknowns.
  private static final int FEWEST_DRAWN = 3;

  public IsoFlopFit {
    slices = List.copyOf(slices);
    samples = List.copyOf(samples);
    warnings = Collections.unmodifiableSet(EnumSet.copyOf(warnings));
  }

  /// @throws InvalidArgument unless two budgets of four sizes or more have their optimum inside
  public static IsoFlopFit of(Runs runs, Bootstrap bootstrap) {
    var slices = IsoFlopSlice.among(runs.all());
    var frontier = frontier(slices).orElseThrow(() -> refusal(slices));
    return new IsoFlopFit(
        slices,
        frontier,
        residuals(slices, frontier),
        bootstrap.of(random -> refit(slices, random)),
        warnings(slices));
  }

  private static InvalidArgument refusal(List<IsoFlopSlice> slices) {
    return new InvalidArgument(
        "the parabolas need two FLOP budgets of at least %d model sizes with the optimum among them;"
                .formatted(IsoFlopSlice.FEWEST_SIZES)
            + " there are %d such budgets, and the optimum lies inside %d"
                .formatted(
                    slices.size(), slices.stream().filter(IsoFlopSlice::hasOptimum).count()));
  }

  private static Optional<PowerFrontier> frontier(List<IsoFlopSlice> slices) {
    var good = slices.stream().filter(IsoFlopSlice::hasOptimum).toList();
    if (good.size() < FEWEST_OPTIMA) return Optional.empty();
    var flops = good.stream().mapToDouble(IsoFlopSlice::flops).toArray();
    var parameters = good.stream().mapToDouble(slice -> Math.pow(10, slice.optimum())).toArray();
    var tokens = new double[flops.length];
    for (int i = 0; i < flops.length; i++) {
      tokens[i] = flops[i] / (ParametricLaw.FLOPS * parameters[i]);
    }
    return Optional.of(PowerFrontier.through(flops, parameters, tokens));
  }

  private static Residuals residuals(List<IsoFlopSlice> slices, PowerFrontier frontier) {
    return Residuals.of(
        slices.stream()
            .filter(IsoFlopSlice::hasOptimum)
            .mapToDouble(
                slice ->
                    slice.optimum() * Math.log(10)
                        - Math.log(frontier.parameters().at(slice.flops())))
            .toArray());
  }

  private static Optional<PowerFrontier> refit(List<IsoFlopSlice> slices, SplittableRandom random) {
    var drawn = new ArrayList<IsoFlopSlice>();
    for (var slice : slices) {
      var runs = new ArrayList<TrainingRun>();
      for (int i : Bootstrap.draw(random, slice.runs().size())) runs.add(slice.runs().get(i));
      if (IsoFlopSlice.sizes(runs) >= FEWEST_DRAWN) drawn.add(IsoFlopSlice.of(runs));
    }
    return frontier(drawn);
  }

  private static EnumSet<Warning> warnings(List<IsoFlopSlice> slices) {
    var warnings = EnumSet.noneOf(Warning.class);
    for (var slice : slices) {
      if (!slice.hasOptimum()) warnings.add(Warning.OPTIMUM_OUTSIDE);
      if (slice.halfWidth() > WIDE) warnings.add(Warning.WIDE_GRID);
      if (slice.hasOptimum() && Math.abs(slice.optimum() - slice.centre()) > OFF_CENTRE) {
        warnings.add(Warning.OFF_CENTRE);
      }
    }
    return warnings;
  }
}
