import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// Compares the function descriptors that jextract makes of `gatun.h` with those in `Kernels.java`.
/// Arguments: `Kernels.java`, the folder of jextract's sources. Exit code 1 and a line for each
/// function that differs.
void main(String[] args) throws IOException {
  var ours = kernels(Files.readString(Path.of(args[0])));
  var theirs = jextracted(readAll(Path.of(args[1])));
  var problems = new ArrayList<String>();
  if (ours.isEmpty()) problems.add(args[0] + " binds no function");
  ours.forEach(
      (name, layouts) -> {
        var other = theirs.get("gatun_" + name);
        if (other == null) problems.add("jextract has no gatun_" + name);
        else if (!other.equals(layouts))
          problems.add("gatun_%s: Kernels has %s, jextract %s".formatted(name, layouts, other));
      });
  problems.forEach(System.err::println);
  if (!problems.isEmpty()) System.exit(1);
  System.out.println(ours.size() + " functions of Kernels.java agree with jextract");
}

String readAll(Path folder) throws IOException {
  var text = new StringBuilder();
  try (Stream<Path> files = Files.walk(folder)) {
    for (var file : files.filter(f -> f.toString().endsWith(".java")).sorted().toList()) {
      text.append(Files.readString(file)).append('\n');
    }
  }
  return text.toString();
}

/// Function name to argument layouts, as `NativeLibrary.handle(…)` gets them.
Map<String, List<String>> kernels(String source) {
  var found = new TreeMap<String, List<String>>();
  Pattern.compile("MethodHandle (\\w+) =\\s+NativeLibrary\\.handle\\(([^)]*)\\)")
      .matcher(source)
      .results()
      .forEach(m -> found.put(m.group(1).toLowerCase(), names(m.group(2))));
  return found;
}

/// The same of jextract's classes, each of which holds `FunctionDescriptor DESC =
/// FunctionDescriptor.of(result, …)`.
Map<String, List<String>> jextracted(String source) {
  var aliases = aliases(source);
  var found = new TreeMap<String, List<String>>();
  Pattern.compile(
          "class (gatun_\\w+) \\{\\s+public static final FunctionDescriptor DESC ="
              + " FunctionDescriptor\\.of\\(([^)]*)\\)")
      .matcher(source)
      .results()
      .forEach(
          m -> {
            var layouts = names(m.group(2)).stream().map(name -> layout(name, aliases)).toList();
            found.put(m.group(1), layouts.subList(1, layouts.size()));
          });
  return found;
}

/// `public static final OfInt gatun_dtype = gatun_h.C_INT;` names a layout anew.
Map<String, String> aliases(String source) {
  var found = new TreeMap<String, String>();
  Pattern.compile("public static final \\S+ (\\w+) = \\w+\\.(\\w+);")
      .matcher(source)
      .results()
      .forEach(m -> found.put(m.group(1), m.group(2)));
  return found;
}

String layout(String name, Map<String, String> aliases) {
  return switch (name) {
    case "C_POINTER" -> "ADDRESS";
    case "C_INT" -> "JAVA_INT";
    case "C_LONG", "C_LONG_LONG" -> "JAVA_LONG";
    case "C_DOUBLE" -> "JAVA_DOUBLE";
    default -> aliases.containsKey(name) ? layout(aliases.get(name), aliases) : name;
  };
}

/// The last part of each dotted name in a comma-separated list.
List<String> names(String list) {
  return Stream.of(list.split(",")).map(s -> s.strip().replaceAll(".*\\.", "")).toList();
}
