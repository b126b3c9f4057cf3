package dev.gatun.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.ffi.Backend;
import dev.gatun.laws.Devices;
import dev.gatun.store.ChildJvm;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// How often Java calls the library: for a replayed step once, what changes included.
@Tag("backend")
class CrossingsTest {
  private static final List<String> OPTIMIZERS = List.of("adamw", "lion", "sophia");

  /// Prints for each optimizer the crossings of a step op by op and of two that are replayed.
  static final class Counts {
    public static void main(String[] backend) {
      var crossings = new CountedCrossings(Backend.file(backend[0]));
      for (var optimizer : OPTIMIZERS) {
        try (var device = Devices.underTest();
            var memory = device.scope()) {
          var training = new RecordedTraining(memory, optimizer);
          training.prepare(0);
          long eager = crossings.of(training::walk);
          try (var recording = device.record(training::walk)) {
            long first = crossings.of(() -> step(training, recording, 1));
            long second = crossings.of(() -> step(training, recording, 2));
            System.out.println(eager + " " + first + " " + second);
          }
        }
      }
    }

    private static void step(RecordedTraining training, Recording recording, int number) {
      training.prepare(number);
      recording.replay();
    }
  }

  @Test
  void aReplayIsOneCrossing(@TempDir Path folder) throws Exception {
    var backend = Devices.backend();
    CountedCrossings.build(folder, backend);
    var options =
        List.of(
            "--enable-native-access=ALL-UNNAMED",
            "-Dgatun.backend=" + backend,
            "-Dgatun.library.path=" + folder);
    var printed = ChildJvm.run(ChildJvm.command(options, Counts.class, backend));
    var lines = printed.lines().toList();
    assertEquals(OPTIMIZERS.size(), lines.size(), printed);
    for (var line : lines) {
      var counts = line.split(" ");
      assertTrue(Integer.parseInt(counts[0]) > 50, line);
      assertEquals(List.of("1", "1"), List.of(counts).subList(1, 3));
    }
  }
}
