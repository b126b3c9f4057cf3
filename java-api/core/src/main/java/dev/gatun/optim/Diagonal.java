package dev.gatun.optim;

import java.lang.foreign.MemorySegment;

/// An estimate of the diagonal of a matrix of curvature.
@FunctionalInterface
public interface Diagonal {
  /// mean = keep * mean + (1 - keep) * estimate, where `mean` is laid out as the parameters'
  /// arenas, in their wide type. With `keep` 0 it is the estimate itself; after k - 1 estimates,
  /// (k - 1) / k makes it the mean of k.
  void blend(MemorySegment mean, double keep);
}
