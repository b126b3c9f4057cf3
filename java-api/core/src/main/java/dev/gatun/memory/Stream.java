package dev.gatun.memory;

import dev.gatun.ClosedTensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Work of a device in order: the device's own stream, or one of another library that was
/// wrapped.
public final class Stream implements AutoCloseable {
  private final Device device;
  private final MemorySegment handle;
  private boolean closed;

  Stream(Device device, MemorySegment handle) {
    this.device = device;
    this.handle = handle;
  }

  /// What kernels take as their first argument.
  public MemorySegment handle() {
    if (closed) throw new ClosedTensor("the stream is closed");
    device.requireOwner();
    return handle;
  }

  /// Waits until all work on the stream is done.
  public void join() {
    device.kernels().streamJoin(handle());
  }

  /// Later work of this stream starts when all work asked of `earlier` so far is done. The
  /// host does not wait.
  public void follow(Stream earlier) {
    var kernels = device.kernels();
    try (var arena = Arena.ofConfined()) {
      var answer = arena.allocate(ValueLayout.ADDRESS);
      kernels.eventOpen(device.handle(), answer);
      var event = answer.get(ValueLayout.ADDRESS, 0);
      try {
        kernels.eventRecord(event, earlier.handle());
        kernels.eventAwait(event, handle());
      } finally {
        kernels.eventClose(event);
      }
    }
  }

  /// Of a wrapped one: waits for its work and leaves the other library's open. The device's
  /// own is closed with the device alone.
  @Override
  public void close() {
    if (closed || device.owns(this)) return;
    device.requireOwner();
    device.kernels().streamClose(handle); // refused while the device records
    closed = true;
    device.closed(this);
  }
}
