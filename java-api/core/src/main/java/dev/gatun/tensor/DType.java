package dev.gatun.tensor;

import dev.gatun.ffi.Kernels;

/// The type of a tensor's elements.
public enum DType {
  F32(Kernels.F32, 4),
  F64(Kernels.F64, 8),
  BF16(Kernels.BF16, 2),
  /// Indices; never differentiated.
  I32(-1, 4),
  /// Counts; never differentiated.
  I64(-1, 8);

  private final int code;
  private final int bytes;

  DType(int code, int bytes) {
    this.code = code;
    this.bytes = bytes;
  }

  /// The number `gatun.h` has for it; integers have none.
  public int code() {
    return code;
  }

  /// Bytes an element.
  public int bytes() {
    return bytes;
  }

  public boolean isFloating() {
    return code >= 0;
  }

  /// The type of statistics, losses and gradients of parameters beside activations of this type.
  public DType wide() {
    return this == BF16 ? F32 : this;
  }
}
