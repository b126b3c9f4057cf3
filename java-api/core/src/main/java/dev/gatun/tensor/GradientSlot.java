package dev.gatun.tensor;

import java.lang.foreign.MemorySegment;

/// Where the gradient of a parameter lives, beside it and longer than any tape. Fresh: what stands
/// there counts for nothing, and the next gradient overwrites it; otherwise the next one is added.
public final class GradientSlot {
  private final MemorySegment gradient;
  private boolean fresh = true;

  public GradientSlot(MemorySegment gradient) {
    this.gradient = gradient;
  }

  /// Elements of the parameter's wide type.
  public MemorySegment gradient() {
    return gradient;
  }

  public boolean fresh() {
    return fresh;
  }

  public void fresh(boolean fresh) {
    this.fresh = fresh;
  }
}
