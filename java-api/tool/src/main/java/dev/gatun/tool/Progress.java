package dev.gatun.tool;

import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.function.LongSupplier;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/// Shows how far a run is: tokens a second, loss, time left.
///
/// On a terminal a bar that is redrawn in place; elsewhere (a file, a pipe) plain lines, the first
/// and the last step and one every five seconds between.
public sealed interface Progress extends AutoCloseable {
  /// `step` steps are done; the last read `tokens` tokens and had this loss.
  void done(long step, long tokens, double loss);

  /// Writes a line of its own, above the bar.
  void say(String line);

  @Override
  void close();

  /// Progress from `first` steps done to `steps`, on the standard error stream.
  static Progress open(long first, long steps) {
    var console = System.console();
    return console != null && console.isTerminal()
        ? new Bar(first, steps)
        : new Lines(first, steps, System.err, System::nanoTime);
  }

  private static String status(Pace pace, double loss) {
    return String.format(Locale.ROOT, "loss %.4f  %,.0f tokens/s", loss, pace.tokensPerSecond());
  }

  /// The bar of a terminal.
  final class Bar implements Progress {
    private final Pace pace;
    private final long steps;
    private final ProgressBar bar;
    private volatile Duration left;

    Bar(long first, long steps) {
      this.steps = steps;
      pace = new Pace(System::nanoTime, first);
      bar =
          new ProgressBarBuilder()
              .setTaskName("train")
              .setInitialMax(steps)
              .startsFrom(first, Duration.ZERO)
              .setStyle(ProgressBarStyle.ASCII)
              .setUpdateIntervalMillis(250)
              .setConsumer(new ConsoleProgressBarConsumer(System.err))
              .setEtaFunction(_ -> Optional.ofNullable(left))
              .build();
    }

    @Override
    public void done(long step, long tokens, double loss) {
      pace.mark(step, tokens);
      left = pace.left(steps);
      bar.stepTo(step).setExtraMessage(" " + status(pace, loss));
    }

    @Override
    public void say(String line) {
      System.err.print("\r\033[K" + line + "\n"); // the bar is redrawn below at its next update
    }

    @Override
    public void close() {
      bar.close();
    }
  }

  /// Lines for where there is no terminal.
  final class Lines implements Progress {
    private static final long EVERY_NANOS = Duration.ofSeconds(5).toNanos();

    private final Pace pace;
    private final long first;
    private final long steps;
    private final PrintStream out;
    private final LongSupplier clock;
    private long last;

    Lines(long first, long steps, PrintStream out, LongSupplier clock) {
      this.pace = new Pace(clock, first);
      this.first = first;
      this.steps = steps;
      this.out = out;
      this.clock = clock;
    }

    @Override
    public void done(long step, long tokens, double loss) {
      pace.mark(step, tokens);
      long now = clock.getAsLong();
      if (step != first + 1 && step != steps && now - last < EVERY_NANOS) return;
      last = now;
      say(
          String.format(
              Locale.ROOT,
              "step %d/%d  %s  %s left",
              step,
              steps,
              status(pace, loss),
              Pace.clockTime(pace.left(steps))));
    }

    @Override
    public void say(String line) {
      out.print(line + "\n");
      out.flush();
    }

    @Override
    public void close() {}
  }
}
