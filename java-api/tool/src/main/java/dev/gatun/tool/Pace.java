package dev.gatun.tool;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Locale;
import java.util.function.LongSupplier;

/// How fast a run goes, over the last twenty seconds: long enough to be steady, short enough to
/// forget the slow first steps.
final class Pace {
  private static final long WINDOW_NANOS = Duration.ofSeconds(20).toNanos();

  /// Where the run was at a moment.
  private record Mark(long nanos, long step, long tokens) {}

  private final LongSupplier clock;
  private final ArrayDeque<Mark> marks = new ArrayDeque<>();

  /// The clock counts nanoseconds from any moment, as `System::nanoTime` does.
  Pace(LongSupplier clock, long firstStep) {
    this.clock = clock;
    marks.add(new Mark(clock.getAsLong(), firstStep, 0));
  }

  /// `step` steps are done, the last of which read `tokens` tokens.
  void mark(long step, long tokens) {
    long now = clock.getAsLong();
    marks.add(new Mark(now, step, marks.getLast().tokens + tokens));
    while (marks.size() > 2 && now - marks.getFirst().nanos > WINDOW_NANOS) marks.removeFirst();
  }

  /// Zero before the first step.
  double tokensPerSecond() {
    return (marks.getLast().tokens - marks.getFirst().tokens) / Math.max(1e-9, seconds());
  }

  /// The time that the steps up to `last` will take at this pace; zero before the first step.
  Duration left(long last) {
    long steps = marks.getLast().step - marks.getFirst().step;
    if (steps == 0) return Duration.ZERO;
    return Duration.ofMillis(
        Math.round(1e3 * seconds() / steps * Math.max(0, last - marks.getLast().step)));
  }

  /// A duration as hours, minutes and seconds: `1:02:03`, or `2:03` below an hour.
  static String clockTime(Duration time) {
    long seconds = Math.round(time.toMillis() / 1e3);
    return seconds < 3600
        ? String.format(Locale.ROOT, "%d:%02d", seconds / 60, seconds % 60)
        : String.format(
            Locale.ROOT, "%d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60);
  }

  private double seconds() {
    return (marks.getLast().nanos - marks.getFirst().nanos) / 1e9;
  }
}
