package dev.gatun.scaling;

import dev.gatun.InvalidArgument;
import java.util.List;
import java.util.Optional;

/// A law with its name, where it comes from, and how sure it is.
///
/// @param source paper or file
/// @param range of the runs behind it; empty where that is not known
public record NamedLaw(
    String name, String source, ParametricLaw law, Optional<FlopsRange> range, Spread spread) {
  /// The 240 runs that Hoffmann et al.'s figure 4 shows and both fits rest on.
  private static final FlopsRange CHINCHILLA = new FlopsRange(1.397e18, 1.2956e22);

  /// The refit of Besiroglu et al. 2024 (arXiv 2404.10102) to 240 runs read off Hoffmann et al.'s
  /// figure, as printed.
  public static final NamedLaw EPOCH_2024 =
      new NamedLaw(
          "epoch-2024",
          "Besiroglu et al. 2024, arXiv 2404.10102: refit to 240 of Hoffmann et al.'s runs",
          new ParametricLaw(1.8172, 482.01, 2085.43, 0.3478, 0.3658),
          Optional.of(CHINCHILLA),
          new Spread.Exponent(
              0.018,
              CHINCHILLA.middle(),
              ", a lower bound; the authors' own 80 % from 1e26 FLOPs on is 4 to 40 tokens a"
                  + " parameter"));

  /// Equation 10 of Hoffmann et al. 2022 (arXiv 2203.15556) with its rounded constants.
  public static final NamedLaw HOFFMANN_2022 =
      new NamedLaw(
          "hoffmann-2022",
          "Hoffmann et al. 2022, arXiv 2203.15556, section D.3: the constants as printed",
          new ParametricLaw(1.69, 406.4, 410.7, 0.34, 0.28),
          Optional.of(CHINCHILLA),
          unusable());

  /// The same before rounding, from the TeX source of the paper.
  public static final NamedLaw HOFFMANN_TEX =
      new NamedLaw(
          "hoffmann-tex",
          "Hoffmann et al. 2022, arXiv 2203.15556: the constants of the paper's TeX source",
          new ParametricLaw(1.6933736810, 406.4010175, 410.7228269, 0.33917084, 0.2849083),
          Optional.of(CHINCHILLA),
          unusable());

  public static final List<NamedLaw> ALL = List.of(EPOCH_2024, HOFFMANN_2022, HOFFMANN_TEX);

  private static Spread unusable() {
    return new Spread.Unknown(
        "the published interval of the exponent, 0.454 to 0.455, does not hold the constants' own");
  }

  /// The law called `name`. Throws [InvalidArgument] where there is none.
  public static NamedLaw named(String name) {
    return ALL.stream()
        .filter(law -> law.name.equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new InvalidArgument(
                    "there is no law \"%s\"; there are %s, or the JSON file of a fit"
                        .formatted(
                            name, String.join(", ", ALL.stream().map(NamedLaw::name).toList()))));
  }

  /// The same with fewer tokens needed: what the law says of D tokens, 1 / `factor` of them now
  /// do.
  NamedLaw saving(double factor) {
    var swift = withTokens(law, factor);
    var sample =
        spread instanceof Spread.Samples samples
            ? new Spread.Samples(
                samples.laws().stream().map(each -> withTokens(each, factor)).toList())
            : spread;
    return new NamedLaw(name, source, swift, range, sample);
  }

  private static ParametricLaw withTokens(ParametricLaw law, double factor) {
    double b = law.b() * Math.pow(factor, -law.beta());
    return new ParametricLaw(law.e(), law.a(), b, law.alpha(), law.beta());
  }
}
