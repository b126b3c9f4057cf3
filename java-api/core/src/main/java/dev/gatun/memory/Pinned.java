package dev.gatun.memory;

import dev.gatun.ffi.internal.NativeLibrary;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Memory of the host that a device reaches by itself (page-locked): a copy out of it runs while
/// the host goes on, and it must be left as it is until the stream is joined.
public final class Pinned implements AutoCloseable {
  private final Device device;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment address;
  private final MemorySegment memory;
  private boolean closed;

  Pinned(Device device, long bytes) {
    this.device = device;
    try (var host = Arena.ofConfined()) {
      var answer = host.allocate(ValueLayout.ADDRESS);
      device.kernels().pinnedAllocate(device.handle(), answer, bytes);
      address = answer.get(ValueLayout.ADDRESS, 0);
    }
    memory = NativeLibrary.readable(address, bytes, arena);
    device.opened(this);
  }

  /// It may be written and read, by any thread, until this is closed.
  public MemorySegment memory() {
    return memory;
  }

  @Override
  public void close() {
    if (closed) return;
    device.requireOwner();
    closed = true;
    device.closed(this);
    arena.close();
    device.kernels().pinnedFree(device.handle(), address);
  }
}
