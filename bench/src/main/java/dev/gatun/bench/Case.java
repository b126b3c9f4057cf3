package dev.gatun.bench;

/// A piece of a run: its name, about how many seconds it takes, and what it does.
record Case(String name, double seconds, Work work) {
  /// Whether others are measured against it.
  boolean isCeiling() {
    return name.startsWith(Ceilings.NAME);
  }

  /// What it does.
  interface Work {
    void run() throws Exception;
  }
}
