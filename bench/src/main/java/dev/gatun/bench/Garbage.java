package dev.gatun.bench;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;

/// What this thread allocates on the heap.
final class Garbage {
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private Garbage() {}

  /// Bytes a run.
  static double of(int runs, Runnable work) {
    long before = THREADS.getCurrentThreadAllocatedBytes();
    for (int i = 0; i < runs; i++) work.run();
    return (THREADS.getCurrentThreadAllocatedBytes() - before) / (double) runs;
  }
}
