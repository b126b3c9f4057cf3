package dev.gatun.tool;

import dev.gatun.nn.GptConfig;
import dev.gatun.store.TrainerState;
import dev.gatun.train.Journal;
import dev.gatun.train.Run;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalDouble;

/// What a model's training took, by the journal of its run.
final class RunCost {
  private RunCost() {}

  /// FLOPs of the steps up to the checkpoint, counted as [GptConfig#flopsPerToken] counts, with the
  /// refreshes of the curvature. Empty where `given` is no run folder. What the run itself began
  /// from is not counted.
  static OptionalDouble of(Path given, Path checkpoint, GptConfig model) {
    var journal = given.resolve(Run.JOURNAL);
    if (!Files.exists(journal) || !Files.exists(checkpoint.resolve(TrainerState.NAME))) {
      return OptionalDouble.empty();
    }
    var state = TrainerState.read(checkpoint);
    if (!(state.config().get("context") instanceof Long time)) return OptionalDouble.empty();
    double each = model.flopsPerToken(time);
    double flops = 0;
    for (var line : Journal.read(journal)) {
      if (line.step() >= state.step() || line.number("loss").isEmpty()) continue;
      flops += line.number("tokens").orElse(0) * each + line.number("curvatureFlops").orElse(0);
    }
    return OptionalDouble.of(flops);
  }
}
