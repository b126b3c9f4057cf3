package dev.gatun.scaling;

import dev.gatun.InvalidArgument;
import java.util.Collections;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/// The scaling fits of one set of runs.
///
/// @param runs what was fitted
/// @param envelope approach 1, where it was asked for and possible
/// @param isoFlop approach 2, likewise
/// @param law approach 3, likewise
/// @param refusals why an approach that was asked for is missing
public record ScalingFit(
    Runs runs,
    Optional<EnvelopeFit> envelope,
    Optional<IsoFlopFit> isoFlop,
    Optional<LawFit> law,
    Map<Approach, String> refusals) {
  public ScalingFit {
    refusals = Collections.unmodifiableMap(new LinkedHashMap<>(refusals));
  }

  /// Fits by some approaches. One that these runs do not allow is a refusal, unless it is the only
  /// one.
  ///
  /// @throws InvalidArgument where no approach is possible
  public static ScalingFit of(
      Runs runs, Set<Approach> approaches, Starts starts, Bootstrap bootstrap) {
    var refusals = new EnumMap<Approach, String>(Approach.class);
    var fits = new Attempts(approaches, refusals);
    var fit =
        new ScalingFit(
            runs,
            fits.attempt(Approach.ENVELOPE, () -> EnvelopeFit.of(runs, bootstrap)),
            fits.attempt(Approach.ISO_FLOP, () -> IsoFlopFit.of(runs, bootstrap)),
            fits.attempt(Approach.PARAMETRIC, () -> LawFit.of(runs, starts, bootstrap)),
            refusals);
    if (fit.frontiers().isEmpty()) throw new InvalidArgument(String.join("; ", refusals.values()));
    return fit;
  }

  private record Attempts(Set<Approach> asked, Map<Approach, String> refusals) {
    <T> Optional<T> attempt(Approach approach, Supplier<T> fit) {
      if (!asked.contains(approach)) return Optional.empty();
      try {
        return Optional.of(fit.get());
      } catch (InvalidArgument e) {
        refusals.put(approach, e.getMessage());
        return Optional.empty();
      }
    }
  }

  /// The frontier by each approach that stands.
  public Map<Approach, PowerFrontier> frontiers() {
    var frontiers = new EnumMap<Approach, PowerFrontier>(Approach.class);
    envelope.ifPresent(fit -> frontiers.put(Approach.ENVELOPE, fit.frontier()));
    isoFlop.ifPresent(fit -> frontiers.put(Approach.ISO_FLOP, fit.frontier()));
    law.ifPresent(fit -> frontiers.put(Approach.PARAMETRIC, PowerFrontier.of(fit.law())));
    return frontiers;
  }

  /// The frontiers of the bootstrap's samples of an approach; none where it does not stand.
  public List<PowerFrontier> samples(Approach approach) {
    return switch (approach) {
      case ENVELOPE -> envelope.map(EnvelopeFit::samples).orElse(List.of());
      case ISO_FLOP -> isoFlop.map(IsoFlopFit::samples).orElse(List.of());
      case PARAMETRIC ->
          law.map(fit -> fit.samples().stream().map(PowerFrontier::of).toList()).orElse(List.of());
    };
  }

  /// All warnings, of the runs and of every fit.
  public Set<Warning> warnings() {
    var warnings = EnumSet.noneOf(Warning.class);
    warnings.addAll(runs.warnings());
    envelope.ifPresent(fit -> warnings.addAll(fit.warnings()));
    isoFlop.ifPresent(fit -> warnings.addAll(fit.warnings()));
    law.ifPresent(fit -> warnings.addAll(fit.warnings()));
    return warnings;
  }
}
