package dev.gatun;

/// A tensor of another device, or a device used from a thread that does not own it.
public final class WrongDevice extends GatunException {
  public WrongDevice(String message) {
    super(message);
  }
}
