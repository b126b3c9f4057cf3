package dev.gatun.growth;

/// How the columns of attention's heads are mapped.
public enum LigoHeads {
  /// Heads are sums of whole heads: a map is (heads', heads), and heads stay heads.
  WHOLE,

  /// Columns are sums of all columns, as in the paper: a map is (width', width).
  DENSE
}
