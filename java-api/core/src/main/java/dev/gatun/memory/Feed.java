package dev.gatun.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Numbers that the host sets and kernels read: memory of the device, with an image on the host. A
/// recorded [#send] sends at each replay what the image holds by then: so a learning rate or the
/// tokens of a batch come into a recorded step.
public final class Feed {
  private final Scope scope;
  private final MemorySegment image;
  private final MemorySegment data;

  /// `bytes` of memory in `scope`, as long as which it lives; both begin as zeros.
  public Feed(Scope scope, long bytes) {
    this.scope = scope;
    image = Arena.ofAuto().allocate(bytes, Long.BYTES);
    data = scope.bytes(bytes);
    scope.copyToDevice(data, image);
  }

  /// What is sent; to be set.
  public MemorySegment image() {
    return image;
  }

  /// The address, for kernels.
  public MemorySegment data() {
    return data;
  }

  /// Copies the image to the device.
  public void send() {
    scope.device().recording().ifPresent(recording -> recording.changing(image));
    scope.copyToDevice(data, image);
  }
}
