package dev.gatun.bench;

/// A run whose numbers would mean nothing.
final class BenchFailure extends RuntimeException {
  private static final long serialVersionUID = 1;

  BenchFailure(String why, Object... parts) {
    super(Text.of(why, parts));
  }
}
