package dev.gatun.train;

/// The finalizer of SplitMix64 (Steele, Lea and Flood 2014; constants of Stafford's mixer 13): a
/// bijection of 64 bits in which every input bit moves every output bit.
final class Mix {
  private static final long GOLDEN = 0x9e3779b97f4a7c15L;

  private Mix() {}

  static long mix(long z) {
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }

  /// 64 bits that depend on every one of the counters and on their order.
  static long hash(long seed, long... counters) {
    long hash = mix(seed + GOLDEN);
    for (long counter : counters) hash = mix(hash + GOLDEN * (counter + 1));
    return hash;
  }
}
