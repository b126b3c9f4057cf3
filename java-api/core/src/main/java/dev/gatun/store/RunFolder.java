package dev.gatun.store;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/// The names in a run folder, and what each means after a kill:
///
/// | name | meaning |
/// |---|---|
/// | `step-N` | a whole checkpoint, always |
/// | `latest` | a relative link to one of them |
/// | `.step-N.partial` | being written; worthless after a kill |
/// | `.step-N.replaced` | whole; stands in for `step-N` while that is missing |
/// | `.step-N.removed` | being deleted |
/// | `.latest.new` | a link about to become `latest` |
record RunFolder(Path run, Disk disk) {
  private static final Pattern STEP = Pattern.compile("step-(0|[1-9][0-9]{0,17})");
  private static final Pattern ASIDE = Pattern.compile("\\.(" + STEP + ")\\.(\\w+)");

  Path step(long step) {
    return run.resolve("step-" + step);
  }

  Path partial(Path step) {
    return hidden(step, "partial");
  }

  Path replaced(Path step) {
    return hidden(step, "replaced");
  }

  Path removed(Path step) {
    return hidden(step, "removed");
  }

  Path link() {
    return run.resolve("latest");
  }

  /// The whole checkpoints, by rising step.
  List<Path> steps() throws IOException {
    if (!Files.isDirectory(run)) {
      return List.of();
    }
    try (var names = Files.list(run)) {
      return names
          .filter(path -> STEP.matcher(path.getFileName().toString()).matches())
          .filter(Files::isDirectory)
          .sorted(Comparator.comparingLong(RunFolder::number))
          .toList();
    }
  }

  /// What `latest` points to, or its stand-in while it is being replaced. Without a link (a run
  /// killed while it wrote its first checkpoint), the checkpoint of the highest step.
  Optional<Path> latest() throws IOException {
    var link = link();
    if (Files.isSymbolicLink(link)) {
      var target = run.resolve(Files.readSymbolicLink(link));
      if (Files.isDirectory(target)) {
        return Optional.of(target);
      }
      if (Files.isDirectory(replaced(target))) {
        return Optional.of(replaced(target));
      }
    }
    return steps().stream().reduce((lower, higher) -> higher);
  }

  /// Swaps `latest` to a checkpoint, atomically.
  void point(Path step) throws IOException {
    var fresh = run.resolve(".latest.new");
    disk.link(fresh, step.getFileName());
    disk.rename(fresh, link());
    disk.force(run);
  }

  /// Clears what an interrupted write left: a replaced checkpoint whose successor never came goes
  /// back to its place, everything else hidden is deleted. What cannot be deleted now is left for
  /// the next time: it harms nobody.
  void tidy() throws IOException {
    for (var path : hidden()) {
      var name = ASIDE.matcher(path.getFileName().toString());
      var home = name.matches() ? run.resolve(name.group(1)) : path;
      if (path.equals(replaced(home)) && !Files.exists(home)) {
        disk.rename(path, home);
      } else {
        tryDelete(path);
      }
    }
  }

  private List<Path> hidden() throws IOException {
    try (var names = Files.list(run)) {
      return names
          .filter(path -> path.getFileName().toString().matches(ASIDE + "|\\.latest\\.new"))
          .sorted()
          .toList();
    }
  }

  private void tryDelete(Path path) {
    try {
      disk.deleteAll(path);
    } catch (IOException leftForNextTime) {
      // The folder is hidden and worthless; the next write tries again.
    }
  }

  private Path hidden(Path step, String state) {
    return run.resolve("." + step.getFileName() + "." + state);
  }

  private static long number(Path step) {
    return Long.parseLong(step.getFileName().toString().substring("step-".length()));
  }
}
