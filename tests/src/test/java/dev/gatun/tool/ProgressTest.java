package dev.gatun.tool;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class ProgressTest {
  private final AtomicLong nanos = new AtomicLong(123);
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  @Test
  void withoutATerminalThereIsALineEveryFiveSeconds() {
    try (var progress = lines(0, 100)) {
      for (int step = 1; step <= 100; step++) {
        nanos.addAndGet(250_000_000); // four steps a second
        progress.done(step, 512, 5.0 / step);
      }
    }
    assertEquals(
        """
        step 1/100  loss 5.0000  2,048 tokens/s  0:25 left
        step 21/100  loss 0.2381  2,048 tokens/s  0:20 left
        step 41/100  loss 0.1220  2,048 tokens/s  0:15 left
        step 61/100  loss 0.0820  2,048 tokens/s  0:10 left
        step 81/100  loss 0.0617  2,048 tokens/s  0:05 left
        step 100/100  loss 0.0500  2,048 tokens/s  0:00 left
        """,
        text());
  }

  @Test
  void aResumedRunCountsOnlyItsOwnTime() {
    try (var progress = lines(1000, 1010)) {
      nanos.addAndGet(2_000_000_000);
      progress.done(1001, 4096, 3.25);
      progress.say("validation 3.3");
    }
    assertEquals(
        "step 1001/1010  loss 3.2500  2,048 tokens/s  0:18 left\nvalidation 3.3\n", text());
  }

  @Test
  void thePaceForgetsSlowFirstSteps() {
    var pace = new Pace(nanos::get, 0);
    assertEquals(Duration.ZERO, pace.left(10));
    assertEquals(0, pace.tokensPerSecond());
    nanos.addAndGet(100_000_000_000L);
    pace.mark(1, 1000);
    assertEquals(10, pace.tokensPerSecond(), 1e-9);
    for (int step = 2; step <= 101; step++) {
      nanos.addAndGet(1_000_000_000);
      pace.mark(step, 1000);
    }
    assertEquals(1000, pace.tokensPerSecond(), 1e-9);
    assertEquals(Duration.ofSeconds(99), pace.left(200));
  }

  @Test
  void timeIsWrittenAsOnAClock() {
    assertEquals("0:00", Pace.clockTime(Duration.ZERO));
    assertEquals("0:59", Pace.clockTime(Duration.ofMillis(59_400)));
    assertEquals("1:00", Pace.clockTime(Duration.ofMillis(59_600)));
    assertEquals("59:59", Pace.clockTime(Duration.ofSeconds(3599)));
    assertEquals("1:00:00", Pace.clockTime(Duration.ofSeconds(3600)));
    assertEquals("27:46:40", Pace.clockTime(Duration.ofSeconds(100_000)));
  }

  private Progress lines(long first, long steps) {
    return new Progress.Lines(first, steps, new PrintStream(out), nanos::get);
  }

  private String text() {
    return out.toString(StandardCharsets.UTF_8);
  }
}
