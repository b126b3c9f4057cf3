package dev.gatun.tensor;

/// bf16 on the host: the upper half of a float.
final class UpperHalf {
  private UpperHalf() {}

  /// Rounded to nearest, ties to even; what is no number stays none.
  static short of(float x) {
    int bits = Float.floatToRawIntBits(x);
    if (Float.isNaN(x)) return (short) (bits >>> 16 | 0x40);
    return (short) (bits + 0x7fff + (bits >>> 16 & 1) >>> 16);
  }

  static float toFloat(short half) {
    return Float.intBitsToFloat(half << 16);
  }
}
