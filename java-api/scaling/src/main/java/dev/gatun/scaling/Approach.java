package dev.gatun.scaling;

/// The three ways of Hoffmann et al. 2022, section 3, by their numbers there.
public enum Approach {
  /// 1: [EnvelopeFit].
  ENVELOPE,

  /// 2: [IsoFlopFit].
  ISO_FLOP,

  /// 3: [LawFit].
  PARAMETRIC;

  /// 1 to 3.
  public int number() {
    return ordinal() + 1;
  }
}
