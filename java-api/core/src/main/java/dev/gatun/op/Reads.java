package dev.gatun.op;

/// What a pullback reads of the op it belongs to, by index: among its inputs, its values, and its
/// saved and kept outputs. In this order, followed by the cotangents of all values, these are the
/// pullback's inputs.
public record Reads(int[] inputs, int[] values, int[] saved) {
  private static final int[] NONE = {};

  public static Reads of(int... inputs) {
    return new Reads(inputs, NONE, NONE);
  }

  public Reads values(int... values) {
    return new Reads(inputs, values, saved);
  }

  public Reads saved(int... saved) {
    return new Reads(inputs, values, saved);
  }
}
