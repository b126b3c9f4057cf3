package dev.gatun.scaling;

import dev.gatun.InvalidArgument;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;

/// The first approach of Hoffmann et al. 2022: the lower envelope of training curves.
///
/// Each curve is smoothed ([Smoothing]) and read between its points on log-log lines. At each of
/// 1,500 log-spaced FLOP values the run of the lowest loss wins; where it is in the last 15 % of
/// its training, its N and the tokens it has seen are a point of the frontier. Earlier wins are no
/// points: that run's learning rate was still high, so another run, not made, would have won. Nor
/// are wins of the smallest and the largest model, next to which a better one may lie outside.
///
/// @param envelope the points, by rising FLOPs
/// @param frontier the lines through them
/// @param residuals of ln N about its line
/// @param samples a frontier for each sample of the bootstrap
/// @param warnings about this fit
public record EnvelopeFit(
    List<Allocation> envelope,
    PowerFrontier frontier,
    Residuals residuals,
    List<PowerFrontier> samples,
    Set<Warning> warnings) {
  /// The part of all wins that the smallest and the largest model may have together.
  private static final double EDGE_PART = 0.5;

  public EnvelopeFit {
    envelope = List.copyOf(envelope);
    samples = List.copyOf(samples);
    warnings = Collections.unmodifiableSet(EnumSet.copyOf(warnings));
  }

  /// @throws InvalidArgument unless the curves of at least two model sizes reach the envelope
  public static EnvelopeFit of(Runs runs, Bootstrap bootstrap) {
    var curved = runs.all().stream().filter(run -> run.curve().size() > 1).toList();
    if (curved.size() < 2) {
      throw new InvalidArgument(
          "the envelope needs the training curves of runs; %d of %d have one"
              .formatted(curved.size(), runs.all().size()));
    }
    var envelope = new Envelope(curved);
    var points = envelope.of(IntStream.range(0, curved.size()).toArray());
    var frontier =
        frontier(points.inner())
            .orElseThrow(
                () ->
                    new InvalidArgument(
                        "fewer than two model sizes between the smallest and the largest are the"
                            + " best of any FLOP budget near the end of their training"));
    return new EnvelopeFit(
        points.inner(),
        frontier,
        residuals(points.inner(), frontier),
        bootstrap.of(
            random -> frontier(envelope.of(Bootstrap.draw(random, curved.size())).inner())),
        points.atEdge() > EDGE_PART * (points.inner().size() + points.atEdge())
            ? EnumSet.of(Warning.OPTIMUM_OUTSIDE)
            : EnumSet.noneOf(Warning.class));
  }

  private static Optional<PowerFrontier> frontier(List<Allocation> envelope) {
    if (envelope.stream().map(Allocation::parameters).distinct().count() < 2) {
      return Optional.empty();
    }
    return Optional.of(
        PowerFrontier.through(
            envelope.stream().mapToDouble(Allocation::flops).toArray(),
            envelope.stream().mapToDouble(Allocation::parameters).toArray(),
            envelope.stream().mapToDouble(Allocation::tokens).toArray()));
  }

  private static Residuals residuals(List<Allocation> envelope, PowerFrontier frontier) {
    return Residuals.of(
        envelope.stream()
            .mapToDouble(at -> Math.log(at.parameters() / frontier.parameters().at(at.flops())))
            .toArray());
  }
}
