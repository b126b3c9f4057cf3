package dev.gatun.scaling;

import dev.gatun.InvalidArgument;

/// Checks at the door.
final class Require {
  private Require() {}

  /// A number above zero, below infinity.
  static double positive(String name, double value) {
    if (value > 0 && value < Double.POSITIVE_INFINITY) return value;
    throw new InvalidArgument("%s is %s; it must be positive and finite".formatted(name, value));
  }

  /// A share above 0, at most 1.
  static double share(String name, double value) {
    if (value > 0 && value <= 1) return value;
    throw new InvalidArgument("%s is %s; it must be above 0, at most 1".formatted(name, value));
  }
}
