import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;

/// Tells in a second what would otherwise stop planting after half an hour: faults whose lines no
/// longer stand in their source, which change nothing there, or whose killers have moved.
///
/// Argument: the root of the project.
void main(String[] args) throws Exception {
  var root = Path.of(args[0]);
  var misfits = new ArrayList<String>();
  for (var mutant : Mutant.all(root.resolve("tests/mutants"), "")) {
    try {
      requireToFit(mutant, root);
    } catch (Exception misfit) {
      misfits.add(misfit.getMessage());
    }
  }
  if (misfits.isEmpty()) return;
  misfits.forEach(System.err::println);
  System.exit(1);
}

void requireToFit(Mutant mutant, Path root) throws Exception {
  mutant.applyTo(Files.readString(root.resolve(mutant.file())));
  if (mutant.was().equals(mutant.becomes())) {
    throw new IllegalStateException(mutant.name() + ": it changes nothing");
  }
  for (var killer : mutant.killers()) {
    var source = "tests/src/test/java/%s.java".formatted(killer.replace('.', '/'));
    if (!Files.exists(root.resolve(source))) {
      throw new IllegalStateException("%s: there is no %s".formatted(mutant.name(), source));
    }
  }
}
