package dev.gatun.memory;

import dev.gatun.InvalidArgument;
import java.util.IdentityHashMap;
import java.util.Map;

/// Which arrays a recorded step found fresh, and which it leaves so. While it is recorded nothing
/// runs, so behind each walk all are as they were; a replay needs what the walk found, and leaves
/// what the walk left.
final class RecordedFreshness {
  private static final class Seen {
    final boolean before;
    boolean isNeeded;
    boolean isChanged;
    boolean after;

    Seen(boolean before) {
      this.before = before;
    }
  }

  /// An array, and how it must be or will be.
  private record State(Freshness of, boolean fresh) {}

  private final Map<Freshness, Seen> seen = new IdentityHashMap<>();
  private State[] needed = {};
  private State[] left = {};

  void asked(Freshness of) {
    var here = at(of);
    if (!here.isChanged) here.isNeeded = true;
  }

  void changes(Freshness of) {
    at(of).isChanged = true;
  }

  private Seen at(Freshness of) {
    return seen.computeIfAbsent(of, each -> new Seen(each.now()));
  }

  /// Behind a walk, which may have failed.
  void endWalk() {
    seen.forEach(
        (of, here) -> {
          here.after = of.now();
          of.becomes(here.before);
        });
    needed =
        seen.entrySet().stream()
            .filter(each -> each.getValue().isNeeded)
            .map(each -> new State(each.getKey(), each.getValue().before))
            .toArray(State[]::new);
    left =
        seen.entrySet().stream()
            .filter(each -> each.getValue().isChanged)
            .map(each -> new State(each.getKey(), each.getValue().after))
            .toArray(State[]::new);
    seen.clear();
  }

  /// Refuses a replay over what the step was not recorded over.
  void require() {
    for (var state : needed) {
      if (state.of.now() == state.fresh) continue;
      throw new InvalidArgument(
          state.fresh
              ? "the step was recorded where no gradient had arrived, and would overwrite one that"
                  + " has: forget the gradients before it is replayed, or in the step itself"
              : "the step was recorded where gradients had arrived, and would add to some that were"
                  + " forgotten since: have them made before it is replayed, or forgotten in the"
                  + " step itself");
    }
  }

  /// What a replay leaves.
  void replayed() {
    for (var state : left) state.of.becomes(state.fresh);
  }
}
