package dev.gatun;

/// The device has no room: the message says how many bytes were asked for, are free and exist.
public final class OutOfDeviceMemory extends GatunException {
  public OutOfDeviceMemory(String message) {
    super(message);
  }
}
