package dev.gatun.optim;

import dev.gatun.ffi.Kernels;
import dev.gatun.laws.Devices;
import dev.gatun.memory.Device;
import dev.gatun.memory.Scope;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// The device under test, and small arrays brought there and back.
public final class OnDevice implements AutoCloseable {
  private final Device device = Devices.underTest();
  private final Scope memory = device.scope();
  private final Arena host = Arena.ofConfined();

  public Kernels kernels() {
    return device.kernels();
  }

  public MemorySegment stream() {
    return device.stream().handle();
  }

  public Device device() {
    return device;
  }

  public Scope memory() {
    return memory;
  }

  public MemorySegment doubles(double... elements) {
    return put(host.allocateFrom(ValueLayout.JAVA_DOUBLE, elements));
  }

  public MemorySegment floats(float... elements) {
    return put(host.allocateFrom(ValueLayout.JAVA_FLOAT, elements));
  }

  public MemorySegment shorts(short... elements) {
    return put(host.allocateFrom(ValueLayout.JAVA_SHORT, elements));
  }

  public MemorySegment longs(long... elements) {
    return put(host.allocateFrom(ValueLayout.JAVA_LONG, elements));
  }

  public MemorySegment ints(int... elements) {
    return put(host.allocateFrom(ValueLayout.JAVA_INT, elements));
  }

  private MemorySegment put(MemorySegment elements) {
    var address = memory.bytes(elements.byteSize());
    memory.copyToDevice(address, elements);
    return address;
  }

  public double[] doublesAt(MemorySegment address, int count) {
    return get(address, 8L * count).toArray(ValueLayout.JAVA_DOUBLE);
  }

  public float[] floatsAt(MemorySegment address, int count) {
    return get(address, 4L * count).toArray(ValueLayout.JAVA_FLOAT);
  }

  public short[] shortsAt(MemorySegment address, int count) {
    return get(address, 2L * count).toArray(ValueLayout.JAVA_SHORT);
  }

  public int[] intsAt(MemorySegment address, int count) {
    return get(address, 4L * count).toArray(ValueLayout.JAVA_INT);
  }

  public long longAt(MemorySegment address) {
    return get(address, 8).get(ValueLayout.JAVA_LONG, 0);
  }

  private MemorySegment get(MemorySegment address, long bytes) {
    var elements = host.allocate(bytes, 16);
    memory.copyToHost(elements, address);
    return elements;
  }

  @Override
  public void close() {
    host.close();
    device.close();
  }
}
