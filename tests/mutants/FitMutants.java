import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// What kills a fault in place of tests: see [RunSanitizers].
static final Set<String> SANITIZERS = Set.of("THREAD", "ADDRESS");

/// Tells in a second what would otherwise stop planting after half an hour: faults whose lines no
/// longer stand in their source, which change nothing there, or whose killers have moved.
///
/// Argument: the root of the project.
void main(String[] args) throws Exception {
  var root = Path.of(args[0]);
  var planted = new ArrayList<Mutant>();
  for (var folder : List.of("tests/mutants", "tests/mutants/sanitizers")) {
    planted.addAll(Mutant.all(root.resolve(folder), ""));
  }
  var misfits = new ArrayList<String>();
  for (var mutant : planted) {
    try {
      requireToFit(mutant, root);
    } catch (Exception misfit) {
      misfits.add(mutant.name() + ": " + misfit.getMessage());
    }
  }
  if (misfits.isEmpty()) return;
  misfits.forEach(System.err::println);
  System.exit(1);
}

void requireToFit(Mutant mutant, Path root) throws Exception {
  mutant.applyTo(Files.readString(file(root, mutant.file())));
  if (mutant.was().equals(mutant.becomes())) {
    throw new IllegalStateException("it changes nothing");
  }
  for (var killer : mutant.killers()) {
    if (SANITIZERS.contains(killer)) continue;
    file(root, "tests/src/test/java/%s.java".formatted(killer.replace('.', '/')));
  }
}

Path file(Path root, String name) {
  var file = root.resolve(name);
  if (Files.exists(file)) return file;
  throw new IllegalStateException("there is no " + name);
}
