package dev.gatun.train;

import dev.gatun.GatunException;

/// A loss or gradient norm that is NaN or infinite. Training stops; the last checkpoint is from
/// before it.
public final class NotFinite extends GatunException {
  private final long step;

  NotFinite(long step, String what, double value) {
    super(
        "%s of step %d is %s: training stops, and checkpoints from before it stand"
            .formatted(what, step, value));
    this.step = step;
  }

  /// The step, counted from 0, that failed.
  public long step() {
    return step;
  }
}
