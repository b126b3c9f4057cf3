package dev.gatun.interop;

import dev.gatun.memory.Device;
import dev.gatun.memory.Stream;
import jcuda.NativePointerObject;
import jcuda.driver.CUstream;
import jcuda.runtime.cudaStream_t;

/// Streams of JCuda as streams of a device: kernels of this library join the work that JCuda
/// put there, in order. The stream stays JCuda's, which must keep it until the wrapped one is
/// closed; it must belong to the device's primary context. One that was never created, and so
/// holds null, is the legacy default stream, on which JCuda works where no stream is named.
public final class JCudaStreams {
  private JCudaStreams() {}

  /// JCuda keeps the handle to its subclasses, which may copy an object.
  private static final class Handle extends NativePointerObject {
    Handle(NativePointerObject stream) {
      super(stream);
    }

    long address() {
      return getNativePointer();
    }
  }

  /// A stream of the runtime API.
  public static Stream wrap(Device device, cudaStream_t stream) {
    return wrapped(device, stream);
  }

  /// A stream of the driver API.
  public static Stream wrap(Device device, CUstream stream) {
    return wrapped(device, stream);
  }

  private static Stream wrapped(Device device, NativePointerObject stream) {
    JCudaPointers.requireGpu(device);
    return device.wrap(new Handle(stream).address());
  }
}
