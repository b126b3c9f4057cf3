package dev.gatun.laws;

import dev.gatun.memory.Device;

/// Something that holds for every op at every sample.
@FunctionalInterface
public interface Law {
  /// Throws an [AssertionError] that names the sample and its seed where the law is broken.
  void check(Device device, OpSample sample);
}
