package dev.gatun.tensor;

import dev.gatun.memory.Device;
import dev.gatun.memory.Freshness;
import java.lang.foreign.MemorySegment;

/// Where the gradient of a parameter lives, beside it and longer than any tape. Fresh: what stands
/// there counts for nothing, and the next gradient overwrites it; otherwise the next one is added.
public final class GradientSlot {
  private final MemorySegment gradient;
  private final Freshness freshness;

  public GradientSlot(Device device, MemorySegment gradient) {
    this.gradient = gradient;
    freshness = new Freshness(device);
  }

  /// Elements of the parameter's wide type.
  public MemorySegment gradient() {
    return gradient;
  }

  public boolean fresh() {
    return freshness.get();
  }

  public void fresh(boolean fresh) {
    freshness.set(fresh);
  }
}
