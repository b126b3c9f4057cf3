package dev.gatun.store;

import java.nio.file.Path;
import java.util.Map;

/// The fields of a JSON object, read with types: each failure names the file, the field and what
/// it holds. A field that is `null` counts as missing.
record Fields(Path file, Map<String, Object> map) {

  static Fields read(Path file) {
    return new Fields(file, Json.read(file));
  }

  boolean has(String name) {
    return map.get(name) != null;
  }

  /// A whole number that fits a `long`.
  long whole(String name) {
    var value = required(name);
    if (value instanceof Integer || value instanceof Long) {
      return ((Number) value).longValue();
    }
    throw wrong(name, value, "a whole number");
  }

  /// A whole number from 1 to 2³¹-1.
  int positive(String name) {
    var value = whole(name);
    if (value < 1 || value > Integer.MAX_VALUE) {
      throw wrong(name, value, "positive and below 2147483648");
    }
    return (int) value;
  }

  /// A whole number from 0 on.
  long notNegative(String name) {
    var value = whole(name);
    if (value < 0) {
      throw wrong(name, value, "zero or more");
    }
    return value;
  }

  /// A finite number, or `otherwise` where the field is missing.
  double number(String name, double otherwise) {
    if (!has(name)) {
      return otherwise;
    }
    if (map.get(name) instanceof Number number && Double.isFinite(number.doubleValue())) {
      return number.doubleValue();
    }
    throw wrong(name, map.get(name), "a finite number");
  }

  /// true or false, or `otherwise` where the field is missing.
  boolean flag(String name, boolean otherwise) {
    if (!has(name)) {
      return otherwise;
    }
    if (map.get(name) instanceof Boolean flag) {
      return flag;
    }
    throw wrong(name, map.get(name), "true or false");
  }

  /// A string, or `otherwise` where the field is missing.
  String text(String name, String otherwise) {
    if (!has(name)) {
      return otherwise;
    }
    if (map.get(name) instanceof String text) {
      return text;
    }
    throw wrong(name, map.get(name), "a string");
  }

  /// A nested object.
  Map<?, ?> object(String name) {
    if (required(name) instanceof Map<?, ?> object) {
      return object;
    }
    throw wrong(name, map.get(name), "an object");
  }

  BadFile bad(String wrong) {
    return new BadFile(file, wrong);
  }

  private Object required(String name) {
    if (!has(name)) {
      throw bad("lacks the field \"" + name + "\"");
    }
    return map.get(name);
  }

  private BadFile wrong(String name, Object value, String wanted) {
    var shown = value instanceof String ? "\"" + value + "\"" : String.valueOf(value);
    return bad("\"%s\" is %s; it must be %s".formatted(name, shown, wanted));
  }
}
