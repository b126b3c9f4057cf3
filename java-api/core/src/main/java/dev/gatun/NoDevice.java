package dev.gatun;

/// The machine lacks what the backend needs: a driver, a processor, a library.
public final class NoDevice extends GatunException {
  public NoDevice(String message) {
    super(message);
  }
}
