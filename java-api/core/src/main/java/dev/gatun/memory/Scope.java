package dev.gatun.memory;

import dev.gatun.ClosedTensor;
import dev.gatun.GatunException;
import dev.gatun.ffi.internal.NativeLibrary;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// An arena of device memory with an owner you can see in braces: `try (var scope = device.scope())
/// { … }`. What is allocated in it is a zero-length segment: an address for kernels, which Java can
/// neither read nor use once the scope is closed.
public class Scope implements AutoCloseable {
  private final Device device;
  private final Arena arena = Arena.ofConfined();
  private final MemorySegment handle;
  private final MemorySegment answer = arena.allocate(ValueLayout.ADDRESS);
  private boolean closed;
  private long usedBytes;

  /// For tapes; others call [Device#scope].
  protected Scope(Device device, long capBytes) {
    this.device = device;
    handle = open(capBytes);
    device.opened(this);
  }

  private MemorySegment open(long capBytes) {
    try {
      device.kernels().scopeOpen(device.handle(), answer, capBytes);
      return answer.get(ValueLayout.ADDRESS, 0);
    } catch (GatunException refusal) {
      arena.close();
      throw refusal;
    }
  }

  public final Device device() {
    return device;
  }

  public final boolean isOpen() {
    return !closed;
  }

  /// Bytes allocated so far, as asked for.
  public final long usedBytes() {
    return usedBytes;
  }

  /// Uninitialised memory. Throws [dev.gatun.OutOfDeviceMemory] when the device or the scope has no
  /// room.
  public final MemorySegment bytes(long bytes) {
    device.kernels().scopeAllocate(handle, answer, bytes);
    usedBytes += bytes;
    return NativeLibrary.bound(answer.get(ValueLayout.ADDRESS, 0), arena);
  }

  /// What functions of a scope take as their first argument.
  public final MemorySegment handle() {
    device.requireOwner();
    if (closed) throw new ClosedTensor("the scope is closed");
    return handle;
  }

  /// Memory of another library, which this scope neither owns nor frees: its owner must keep it
  /// until the scope is closed, which waits for the work on it. Refused is what kernels of the
  /// device must not be given: on a GPU memory of the host, of another device, and of another
  /// context than the device's primary one.
  public final MemorySegment lent(long address, long bytes) {
    var foreign = MemorySegment.ofAddress(address);
    device.kernels().scopeLend(handle(), foreign, bytes);
    return NativeLibrary.bound(foreign, arena);
  }

  /// The address `offsetBytes` behind one of this scope's.
  public final MemorySegment at(MemorySegment address, long offsetBytes) {
    return NativeLibrary.bound(MemorySegment.ofAddress(address.address() + offsetBytes), arena);
  }

  /// Memory for `count` 32-bit floats.
  public final MemorySegment floats(long count) {
    return bytes(Math.multiplyExact(count, Float.BYTES));
  }

  /// Memory for `count` doubles.
  public final MemorySegment doubles(long count) {
    return bytes(Math.multiplyExact(count, Double.BYTES));
  }

  /// Memory for `count` 32-bit integers.
  public final MemorySegment ints(long count) {
    return bytes(Math.multiplyExact(count, Integer.BYTES));
  }

  /// Memory for `count` 64-bit integers.
  public final MemorySegment longs(long count) {
    return bytes(Math.multiplyExact(count, Long.BYTES));
  }

  /// Copies host memory, native or an array of the heap, into the device memory at `to`.
  public final void copyToDevice(MemorySegment to, MemorySegment host) {
    if (host.isNative()) {
      device.kernels().copyToDevice(device.stream().handle(), to, host, host.byteSize());
      return;
    }
    try (var staging = Arena.ofConfined()) {
      copyToDevice(to, staging.allocate(host.byteSize(), Long.BYTES).copyFrom(host));
    }
  }

  /// Waits for the work before it and copies device memory at `from` into host memory, native or
  /// an array of the heap.
  public final void copyToHost(MemorySegment host, MemorySegment from) {
    if (host.isNative()) {
      device.kernels().copyToHost(device.stream().handle(), host, from, host.byteSize());
      return;
    }
    try (var staging = Arena.ofConfined()) {
      var copy = staging.allocate(host.byteSize(), Long.BYTES);
      copyToHost(copy, from);
      host.copyFrom(copy);
    }
  }

  @Override
  public void close() {
    if (closed) return;
    device.requireOwner();
    closed = true;
    device.closed(this);
    arena.close();
    device.kernels().scopeClose(handle);
  }
}
