package dev.gatun.laws.manners;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Values for the sizes and scalars of a kernel. `absent` arrays are null with these values,
/// `present` ones are never tried as null, though the header calls them optional; `updated` ones
/// are tables whose arrays are written.
public record KernelSample(
    Map<String, Double> scalars, Set<String> absent, Set<String> present, Set<String> updated) {

  /// Reads `rows=1,7 cols=5 bias=absent`: every combination of the listed values.
  public static List<KernelSample> parse(String row) {
    var samples = List.of(new KernelSample(Map.of(), Set.of(), Set.of(), Set.of()));
    for (var word : row.strip().split("\\s+")) {
      var name = word.substring(0, word.indexOf('='));
      var next = new ArrayList<KernelSample>();
      for (var value : word.substring(word.indexOf('=') + 1).split(",")) {
        for (var sample : samples) next.add(sample.with(name, value));
      }
      samples = next;
    }
    return samples;
  }

  private KernelSample with(String name, String value) {
    return switch (value) {
      case "absent" -> new KernelSample(scalars, plus(absent, name), present, updated);
      case "present" -> new KernelSample(scalars, absent, plus(present, name), updated);
      case "updated" -> new KernelSample(scalars, absent, present, plus(updated, name));
      default -> with(name, Double.parseDouble(value));
    };
  }

  /// The same with another value of a scalar.
  KernelSample with(String name, double value) {
    var changed = new LinkedHashMap<>(scalars);
    changed.put(name, value);
    return new KernelSample(changed, absent, present, updated);
  }

  /// The same with one more array null.
  KernelSample without(String array) {
    return new KernelSample(scalars, plus(absent, array), present, updated);
  }

  private static Set<String> plus(Set<String> names, String name) {
    var more = new LinkedHashSet<>(names);
    more.add(name);
    return more;
  }

  @Override
  public String toString() {
    var text = new StringBuilder();
    scalars.forEach(
        (name, value) -> text.append(' ').append(name).append('=').append(number(value)));
    absent.forEach(name -> text.append(' ').append(name).append("=absent"));
    return text.toString().strip();
  }

  private static String number(double value) {
    return value == Math.rint(value) ? Long.toString((long) value) : Double.toString(value);
  }
}
