package dev.gatun.train;

import dev.gatun.InvalidArgument;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;

/// One line of a journal: the step, then named values in the order they were given.
///
/// Values are numbers, strings, booleans or null. JSON has no word for a number that is not finite,
/// so those are kept as the strings `"NaN"`, `"Infinity"` and `"-Infinity"`; [#number] reads them
/// back as numbers.
///
/// @param step counted from 0
/// @param fields without the step; a line has no field of that name
public record JournalEntry(long step, Map<String, Object> fields) {
  static final String STEP = "step";
  private static final Set<String> NOT_FINITE = Set.of("NaN", "Infinity", "-Infinity");

  public JournalEntry {
    fields = Collections.unmodifiableMap(new LinkedHashMap<>(fields));
  }

  public static JournalEntry of(long step) {
    return new JournalEntry(step, Map.of());
  }

  /// This line with one more field after the others, or another value where it has the field.
  public JournalEntry with(String name, Object value) {
    if (name.equals(STEP)) {
      throw new InvalidArgument("the step is the first field of every line already");
    }
    var more = new LinkedHashMap<>(fields);
    more.put(name, writable(value));
    return new JournalEntry(step, more);
  }

  /// A field as a number; empty where there is no such field or it holds no number.
  public OptionalDouble number(String name) {
    return switch (fields.get(name)) {
      case Number n -> OptionalDouble.of(n.doubleValue());
      case String s when NOT_FINITE.contains(s) -> OptionalDouble.of(Double.parseDouble(s));
      case null, default -> OptionalDouble.empty();
    };
  }

  private static Object writable(Object value) {
    return switch (value) {
      case Double d when !Double.isFinite(d) -> d.toString();
      case Float f when !Float.isFinite(f) -> f.toString();
      case Number n -> n;
      case Boolean b -> b;
      case null -> null;
      default -> value.toString();
    };
  }
}
