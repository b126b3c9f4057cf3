package dev.gatun.optim;

import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.OptionalDouble;

/// Moves parameters along their gradients. No step waits for the device; what asks for a number
/// does.
public interface Optimizer {
  /// One step with the gradients in the parameters' slots, at learning rate `rate`; then the
  /// gradients are forgotten.
  default void step(double rate) {
    prepare(rate);
    apply();
  }

  /// What the host does of a step: it counts it, and sets its rate. A step that was recorded needs
  /// this before each replay.
  void prepare(double rate);

  /// What the device does of a step. It can be recorded.
  void apply();

  /// Steps done.
  long steps();

  /// What it counts beside its steps, by name.
  default Map<String, Long> counters() {
    return Map.of();
  }

  /// Continues from `steps` done and from these [#counters], after its [#state] has been filled.
  void resume(long steps, Map<String, Long> counters);

  /// The flat arenas of state by name, each laid out as the parameters' arena is.
  Map<String, MemorySegment> state();

  /// The global norm of the last step's gradients before clipping; empty if it does not
  /// clip. Waits.
  OptionalDouble gradientNorm();

  /// Whether the last step cut its gradients to the largest norm. Waits.
  boolean gradientClipped();
}
