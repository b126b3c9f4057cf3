package dev.gatun.tool;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// Trains the runs of a ladder.
@Command(
    name = "run",
    description = {
      "Trains the runs of a ladder, each in a folder of its own below DIR. Interrupted, the same"
          + " command goes on: finished runs are skipped, a half-done one is resumed."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Version.class)
final class LadderRunCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @Mixin private Machine machine;

  @Parameters(paramLabel = "DIR", description = "What `ladder --out` has written.")
  private Path folder;

  @Override
  public Integer call() {
    var line = spec.commandLine();
    new LadderRuns(folder, LadderFile.read(folder).runs(), machine.settings())
        .train(line.getOut(), line.getErr());
    return 0;
  }
}
