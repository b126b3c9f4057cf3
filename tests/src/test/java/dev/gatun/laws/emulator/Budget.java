package dev.gatun.laws.emulator;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.tensor.DType;
import java.util.Collection;

/// Bytes that a call must read and write, how many of its accesses meet one element far from all
/// others, so that a sector moves for each, and how many bytes move in accesses of less than 16.
record Budget(long read, long written, long alone, long narrow) {
  /// What is met once a block, the seams of rows and the parts of sums may add a twentieth.
  private static final double MOST = 1.05;
  private static final double LEAST_IN_VECTORS = 0.95;
  private static final int SECTOR = 32;
  private static final int LANES = 32;

  private void requireBytes(Collection<Counts> spent) {
    long bytesRead = Counts.sum(spent, "read_bytes");
    long bytesWritten = Counts.sum(spent, "written_bytes");
    boolean enough = bytesRead >= read && bytesWritten >= written;
    assertTrue(
        enough && bytesRead + bytesWritten <= MOST * (read + written),
        () -> "%d bytes read, %d written; %s: %s".formatted(bytesRead, bytesWritten, this, spent));
  }

  /// Rows that begin where a vector may are met in vectors, which fill their sectors.
  void requireVectors(Collection<Counts> spent) {
    double share = (double) Counts.sum(spent, "wide_bytes") / (read + written - narrow);
    assertTrue(
        share >= LEAST_IN_VECTORS,
        () -> "%.3f in accesses of 16 bytes: %s".formatted(share, spent));
    requireBytes(spent);
    requireSectors(spent, 0);
  }

  /// Rows that begin anywhere are met an element a lane: each stretch of 32 touches at most one
  /// sector more than it fills.
  void requireStretches(Collection<Counts> spent, DType dtype) {
    requireBytes(spent);
    requireSectors(spent, (double) SECTOR / (LANES * dtype.bytes()));
  }

  private void requireSectors(Collection<Counts> spent, double seams) {
    double most = MOST * (1 + seams) * (read + written) + SECTOR * alone;
    long moved =
        SECTOR * (Counts.sum(spent, "read_sectors") + Counts.sum(spent, "written_sectors"));
    assertTrue(
        moved <= most, () -> "%d bytes in sectors, of %.0f: %s".formatted(moved, most, spent));
  }
}
