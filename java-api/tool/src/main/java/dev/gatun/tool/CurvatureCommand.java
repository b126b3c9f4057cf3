package dev.gatun.tool;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// Looks at the curvature of a model's loss.
@Command(
    name = "curvature",
    description = {
      "Looks at the curvature of a model's loss on text, by exact products of its Hessian, or of"
          + " its Gauss-Newton matrix, with vectors over all weights. The loss is the mean over all"
          + " targets of the windows that evaluate takes."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      CurvatureHvpCommand.class,
      CurvatureDiagonalCommand.class,
      CurvatureTraceCommand.class,
      CurvatureTopCommand.class
    })
final class CurvatureCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(), "a command is missing: hvp, diagonal, trace or top");
  }
}
