package dev.gatun.bench;

/// The rules of an op, its pullback's tangent among them.
enum Rule {
  FORWARD("forward"),
  PULLBACK("pullback"),
  TANGENT("tangent"),
  PULLBACK_TANGENT("pullback tangent");

  private final String words;

  Rule(String words) {
    this.words = words;
  }

  @Override
  public String toString() {
    return words;
  }
}
