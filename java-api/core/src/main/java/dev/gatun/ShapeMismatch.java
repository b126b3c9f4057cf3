package dev.gatun;

/// Shapes, types or attributes that an operation cannot take; the message names the operation and
/// what it was given.
public final class ShapeMismatch extends GatunException {
  public ShapeMismatch(String message) {
    super(message);
  }
}
