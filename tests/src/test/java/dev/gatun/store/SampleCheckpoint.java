package dev.gatun.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/// A small checkpoint whose every part repeats its version, so that a half-written or mixed one
/// shows.
final class SampleCheckpoint {
  private static final int ELEMENTS = 5000;

  private SampleCheckpoint() {}

  static Checkpoints.Body body(long step, int version) {
    return folder -> {
      new TrainerState(step, version, 0, Map.of()).write(folder);
      var values = new float[ELEMENTS];
      Arrays.fill(values, version);
      for (var name : List.of("optimizer.safetensors", "model.safetensors")) {
        var tensor = StoredTensor.of("x", StoredType.F32, ELEMENTS);
        Safetensors.write(
            folder.resolve(name),
            List.of(OutgoingTensor.of(tensor, MemorySegment.ofArray(values))));
      }
      new GptConfigFile(version, 8, 8, 32, 1, 2, 1e-5, false, true, true).write(folder);
    };
  }

  /// Reads the whole checkpoint, checks that its parts agree, and returns its version.
  static int version(Path folder) {
    int version = GptConfigFile.read(folder).vocabulary();
    assertEquals(version, TrainerState.read(folder).seed());
    for (var name : List.of("optimizer.safetensors", "model.safetensors")) {
      try (var file = Safetensors.open(folder.resolve(name))) {
        var values = file.floats("x");
        assertEquals(ELEMENTS, values.length);
        for (var value : values) {
          assertTrue(value == version, name + " mixes versions");
        }
      }
    }
    return version;
  }

  static int latestVersion(Path run) {
    return version(new Checkpoints(run).latest().orElseThrow());
  }

  /// The names in a folder, hidden ones too, sorted and joined by spaces.
  static String names(Path folder) throws IOException {
    var names = new TreeSet<String>();
    try (var list = Files.list(folder)) {
      list.forEach(path -> names.add(path.getFileName().toString()));
    }
    return String.join(" ", names);
  }
}
