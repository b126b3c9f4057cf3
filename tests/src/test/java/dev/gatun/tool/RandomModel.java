package dev.gatun.tool;

import dev.gatun.memory.Device;
import dev.gatun.nn.Gpt;
import dev.gatun.nn.GptConfig;
import dev.gatun.store.GptCheckpoint;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Shape;
import dev.gatun.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/// A model of ASCII whose weights are random and large: nobody trained it, and it has opinions.
final class RandomModel {
  static final int CONTEXT = 16;
  static final int VOCABULARY = 128; // what it writes is plain ASCII

  private RandomModel() {}

  /// Writes it as a folder.
  static Path write(Path folder) throws IOException {
    Files.createDirectory(folder);
    try (var device = Device.cpu(1);
        var scope = device.scope();
        var arena = Arena.ofConfined()) {
      var gpt = Gpt.blank(GptConfig.of(2, 2, 16, CONTEXT, VOCABULARY), scope, DType.F32);
      var key = scope.longs(2);
      scope.copyToDevice(key, arena.allocateFrom(ValueLayout.JAVA_LONG, 2, 0));
      var weights = gpt.parameters();
      device
          .kernels()
          .randomNormal(
              device.stream().handle(),
              weights.parts().getFirst().weights(),
              key,
              0,
              weights.count(),
              0,
              0.2,
              DType.F32.code());
      GptCheckpoint.write(folder, gpt);
    }
    return folder;
  }

  /// The logits of the token after these, by a run of the whole model over all of them.
  static double[] logits(Gpt gpt, int... ids) {
    try (var scope = gpt.device().scope()) {
      var all = gpt.logits(Tensor.of(scope, Shape.of(1, ids.length), ids)).toDoubles();
      return Arrays.copyOfRange(all, all.length - VOCABULARY, all.length);
    }
  }
}
