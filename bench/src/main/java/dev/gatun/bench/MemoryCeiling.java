package dev.gatun.bench;

import dev.gatun.ffi.Kernels;
import dev.gatun.memory.Device;
import dev.gatun.tensor.DType;
import java.util.ArrayList;
import java.util.List;

/// The bytes a second that a work can move whose arrays have so many bytes together. It is measured
/// on a ladder of sizes, since caches yield many times what the memory behind them does; a rung is
/// the better of a copy and of x += 0.75 y, which writes where it has read. Between two rungs it is
/// interpolated over the logarithm of the bytes; outside it is that of the nearest.
///
/// Of several passes up the ladder each rung keeps the fastest: another process that takes a core
/// for some milliseconds a call, while the rung's last thread is waited for, takes none of it.
record MemoryCeiling(List<Rung> rungs) {
  private static final long SMALLEST = 64 << 10;
  private static final long LARGEST = 256 << 20;
  private static final long QUICK_LARGEST = 1 << 20;

  /// Two rungs lie this far apart: a cache is mostly eight or more times the one before it.
  private static final int FACTOR = 4;

  private static final int PASSES = 4;

  /// What two arrays of `bytes` together gave, in bytes a second.
  record Rung(long bytes, double copy, double inPlace) {
    double best() {
      return Math.max(copy, inPlace);
    }

    /// The faster of each way.
    private Rung or(Rung other) {
      return new Rung(bytes, Math.max(copy, other.copy), Math.max(inPlace, other.inPlace));
    }
  }

  static MemoryCeiling measured(Run run, Device device) {
    var ceiling = pass(run, device);
    for (int i = 1; i < PASSES; i++) ceiling = ceiling.or(pass(run, device));
    return ceiling;
  }

  private static MemoryCeiling pass(Run run, Device device) {
    var rungs = new ArrayList<Rung>();
    long largest = run.quick() ? QUICK_LARGEST : LARGEST;
    for (long bytes = SMALLEST; bytes <= largest; bytes *= FACTOR) {
      rungs.add(rung(run.seconds() / PASSES, device, bytes));
    }
    return new MemoryCeiling(rungs);
  }

  /// The faster of each rung, of two passes.
  MemoryCeiling or(MemoryCeiling other) {
    var faster = new ArrayList<Rung>();
    for (int i = 0; i < rungs.size(); i++) faster.add(rungs.get(i).or(other.rungs.get(i)));
    return new MemoryCeiling(faster);
  }

  private static Rung rung(double seconds, Device device, long bytes) {
    long half = bytes / 2;
    long count = half / Float.BYTES;
    try (var memory = device.scope()) {
      var x = memory.bytes(half);
      var y = memory.bytes(half);
      var kernels = device.kernels();
      var stream = device.stream().handle();
      int dtype = DType.F32.code();
      kernels.fill(stream, x, count, 1.5, dtype);
      kernels.fill(stream, y, count, 1.5, dtype);
      Runnable copy = () -> kernels.copy(stream, x, y, half);
      Runnable inPlace =
          () -> kernels.unaryPullback(stream, x, y, y, count, 0.75, Kernels.SCALE, 0, dtype);
      return new Rung(
          bytes, rate(seconds, device, copy, 2 * half), rate(seconds, device, inPlace, 3 * half));
    }
  }

  /// Bytes a second of a work that moves so many.
  private static double rate(double seconds, Device device, Runnable work, long bytes) {
    return 1e6 * bytes / Timing.batched(seconds, work, () -> device.stream().join());
  }

  double at(double bytes) {
    int above = 0;
    while (above < rungs.size() && rungs.get(above).bytes() < bytes) above++;
    if (above == 0) return rungs.getFirst().best();
    if (above == rungs.size()) return rungs.getLast().best();
    var low = rungs.get(above - 1);
    var high = rungs.get(above);
    double share = Math.log(bytes / low.bytes()) / Math.log((double) high.bytes() / low.bytes());
    return low.best() + share * (high.best() - low.best());
  }
}
