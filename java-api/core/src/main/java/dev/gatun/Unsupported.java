package dev.gatun;

/// Something sound that this backend, or this version, does not offer.
public final class Unsupported extends GatunException {
  public Unsupported(String message) {
    super(message);
  }
}
