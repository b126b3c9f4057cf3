package dev.gatun.tool;

import java.util.Optional;
import picocli.CommandLine.IVersionProvider;

/// What `--version` prints.
final class Version implements IVersionProvider {
  /// Gatun's, as its module knows it.
  static String gatun() {
    return Optional.ofNullable(Version.class.getModule().getDescriptor())
        .flatMap(module -> module.rawVersion())
        .orElse("of unknown version, not run as a module");
  }

  /// The Java that runs it.
  static String java() {
    return System.getProperty("java.vm.name") + " " + Runtime.version();
  }

  @Override
  public String[] getVersion() {
    return new String[] {"gatun " + gatun(), java()};
  }
}
