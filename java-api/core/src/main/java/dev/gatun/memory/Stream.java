package dev.gatun.memory;

import dev.gatun.ffi.Kernels;
import java.lang.foreign.MemorySegment;

/// Work of a device in order.
public final class Stream {
  private final Kernels kernels;
  private final MemorySegment handle;

  Stream(Kernels kernels, MemorySegment handle) {
    this.kernels = kernels;
    this.handle = handle;
  }

  /// What kernels take as their first argument.
  public MemorySegment handle() {
    return handle;
  }

  /// Waits until all work on the stream is done.
  public void join() {
    kernels.streamJoin(handle);
  }
}
