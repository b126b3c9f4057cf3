package dev.gatun.store;

import java.util.Arrays;
import java.util.Optional;

/// The element types of a safetensors file that are known here, by the names the format gives
/// them. All are little-endian.
public enum StoredType {
  BOOL(1),
  U8(1),
  I8(1),
  I16(2),
  U16(2),
  F16(2),
  BF16(2),
  I32(4),
  U32(4),
  F32(4),
  I64(8),
  U64(8),
  F64(8);

  private final int bytes;

  StoredType(int bytes) {
    this.bytes = bytes;
  }

  /// Bytes an element takes.
  public int bytes() {
    return bytes;
  }

  /// Whether elements can be read as float or double: F16, BF16, F32 and F64.
  public boolean floating() {
    return this == F16 || this == BF16 || this == F32 || this == F64;
  }

  static Optional<StoredType> named(String name) {
    return Arrays.stream(values()).filter(type -> type.name().equals(name)).findFirst();
  }
}
