package dev.gatun.nn;

/// How weights in bf16 keep what an update moves them by, which is mostly less than their last
/// place.
public enum Rounding {
  /// An fp32 master stands behind each, which the optimizer moves; weights are that, rounded.
  NEAREST,
  /// There is no master. The optimizer rounds up with a chance as great as the part cut off, so
  /// that small updates survive on average; weights take a third of the memory.
  STOCHASTIC
}
