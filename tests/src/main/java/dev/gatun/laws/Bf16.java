package dev.gatun.laws;

/// The upper half of a float.
public final class Bf16 {
  /// From 1 to the next number.
  public static final double UNIT = 0x1p-7;

  private Bf16() {}

  /// The nearest number that a bf16 holds, from the nearest float; ties go to even.
  public static double nearest(double x) {
    return decode(encode((float) x));
  }

  public static short encode(float x) {
    int bits = Float.floatToRawIntBits(x);
    if (Float.isNaN(x)) return (short) (bits >>> 16 | 0x40);
    return (short) (bits + 0x7fff + (bits >>> 16 & 1) >>> 16);
  }

  public static float decode(short bits) {
    return Float.intBitsToFloat(bits << 16);
  }
}
