package dev.gatun.laws.emulator;

/// What one multiprocessor of an H200 holds, and what the whole GPU was measured to do at best.
final class Hopper {
  private static final long THREADS = 2048;
  private static final long BLOCKS = 32;
  private static final long REGISTERS = 65_536;
  private static final long REGISTERS_A_GRANT = 256;
  private static final long SHARED_BYTES = 228 << 10;
  private static final long SHARED_BYTES_KEPT = 1 << 10;
  private static final int LANES = 32;

  /// A large copy, reading and writing counted.
  private static final double BYTES_A_SECOND = 4.3e12;

  /// A large product in bf16.
  private static final double FLOPS_A_SECOND = 770e12;

  private Hopper() {}

  /// The share of a multiprocessor's threads that are at work at once.
  static double occupancy(long threads, long registers, long sharedBytes) {
    long warp = Math.ceilDiv(registers * LANES, REGISTERS_A_GRANT) * REGISTERS_A_GRANT;
    long byRegisters = REGISTERS / warp * LANES / threads;
    long byShared = SHARED_BYTES / (sharedBytes + SHARED_BYTES_KEPT);
    long blocks = Math.min(Math.min(BLOCKS, THREADS / threads), Math.min(byRegisters, byShared));
    return (double) blocks * threads / THREADS;
  }

  /// The least time for so much work.
  static double seconds(double bytes, double flops) {
    return Math.max(bytes / BYTES_A_SECOND, flops / FLOPS_A_SECOND);
  }
}
