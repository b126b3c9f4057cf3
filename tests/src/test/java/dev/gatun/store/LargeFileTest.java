package dev.gatun.store;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A file several times larger than the memory of the process that writes and reads it.
class LargeFileTest {
  private static final long ELEMENTS = 32 << 20;
  private static final int WINDOW = 1 << 14;

  @TempDir Path folder;

  @Test
  void aFileIsStreamedBothWaysWhateverTheHeap() throws Exception {
    var command =
        ChildJvm.command(
            List.of("-Xmx20m", "-XX:MaxDirectMemorySize=12m"),
            Streams.class,
            folder.resolve("large").toString());
    assertEquals("resident as it should be", ChildJvm.run(command).strip());
  }

  /// Writes 128 MiB, reads them back, some as doubles, and looks at its own peak.
  static final class Streams {
    private Streams() {}

    public static void main(String[] arguments) throws IOException {
      var file = Path.of(arguments[0]);
      var tensor = StoredTensor.of("x", StoredType.F32, ELEMENTS);
      Safetensors.write(file, List.of(new OutgoingTensor(tensor, Streams::fill)));
      try (var read = Safetensors.open(file);
          var arena = Arena.ofConfined()) {
        var window = arena.allocate(8L * WINDOW, 8);
        for (long first = 0; first < ELEMENTS; first += 2 * WINDOW) {
          read.read("x", 4 * first, window);
          check(first, window.getAtIndex(ValueLayout.JAVA_FLOAT, 0));
        }
        for (long first = 0; first < ELEMENTS; first += 31 * WINDOW) {
          read.readDoubles("x", first, window);
          check(first, window.getAtIndex(ValueLayout.JAVA_DOUBLE, 0));
        }
      }
      long peak = peakKilobytes();
      System.out.println(
          peak < 110 << 10 ? "resident as it should be" : "peak of " + peak + " KiB resident");
    }

    /// The most this process ever had resident, as Linux tells it; 0 elsewhere.
    private static long peakKilobytes() throws IOException {
      var status = Path.of("/proc/self/status");
      if (!Files.exists(status)) {
        return 0;
      }
      try (var lines = Files.lines(status)) {
        return lines
            .filter(line -> line.startsWith("VmHWM:"))
            .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
            .findFirst()
            .orElse(0);
      }
    }

    /// Element i is i wherever a window begins, and 0 elsewhere.
    private static void fill(long offset, MemorySegment into) {
      for (long i = 0; i < into.byteSize() / 4; i += WINDOW) {
        into.setAtIndex(ValueLayout.JAVA_FLOAT, i, offset / 4 + i);
      }
    }

    private static void check(long expected, double value) {
      if (value != (float) expected) {
        throw new AssertionError(value + " stands for " + expected);
      }
    }
  }
}
