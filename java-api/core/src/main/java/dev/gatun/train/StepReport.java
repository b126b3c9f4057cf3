package dev.gatun.train;

import java.util.Optional;
import java.util.OptionalDouble;

/// What one optimizer step did.
///
/// @param step its number, from 0
/// @param loss mean training loss over its micro-steps, in nats a target, before the update
/// @param rate the learning rate
/// @param gradientNorm the global norm before clipping; empty where the optimizer does not clip
/// @param gradientClipped whether the norm was above the largest allowed
/// @param unclippedShare the part of the weights whose step was not clipped; empty but for Sophia
/// @param curvature the refresh before it; empty where there was none
/// @param tokens targets it trained on
/// @param seconds it took, the refresh among them
public record StepReport(
    long step,
    double loss,
    double rate,
    OptionalDouble gradientNorm,
    boolean gradientClipped,
    OptionalDouble unclippedShare,
    Optional<CurvatureReport> curvature,
    long tokens,
    double seconds) {
  static final String LOSS = "loss";
  static final String CLIPPED = "gradientClipped";
  static final String UNCLIPPED_SHARE = "unclippedShare";
  static final String CURVATURE_TOKENS = "curvatureTokens";
  static final String CURVATURE_FLOPS = "curvatureFlops";
  static final String CURVATURE_SECONDS = "curvatureSeconds";
  static final String SECONDS = "seconds";

  /// The journal's line of it. Of what is empty it has no field; of a gradient norm null.
  public JournalEntry line() {
    var line =
        JournalEntry.of(step)
            .with(LOSS, loss)
            .with("rate", rate)
            .with("gradientNorm", gradientNorm.isPresent() ? gradientNorm.getAsDouble() : null)
            .with(CLIPPED, gradientClipped)
            .with("tokens", tokens)
            .with(SECONDS, seconds);
    if (unclippedShare.isPresent()) {
      line = line.with(UNCLIPPED_SHARE, unclippedShare.getAsDouble());
    }
    if (curvature.isEmpty()) return line;
    return line.with(CURVATURE_TOKENS, curvature.get().tokens())
        .with(CURVATURE_FLOPS, curvature.get().flops())
        .with(CURVATURE_SECONDS, curvature.get().seconds());
  }
}
